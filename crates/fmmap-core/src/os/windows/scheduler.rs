//! How urgent a thread is.

/// A thread that lets others run first. Nothing to do here, since the system favours threads that have waited.
#[derive(Debug)]
pub struct Patient(());

impl Patient {
    /// Lasts until the answer is dropped.
    #[must_use]
    pub fn begin() -> Self {
        Self(())
    }
}
