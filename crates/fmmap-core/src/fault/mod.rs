//! Survival of faults: a page of a mapped file that is no longer there.
