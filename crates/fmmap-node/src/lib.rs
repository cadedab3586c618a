//! Node-API bindings of `fmmap-core`.
