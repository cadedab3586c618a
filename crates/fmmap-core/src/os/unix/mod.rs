//! Linux, macOS and the BSDs: POSIX calls, each with its error.

mod cache;
mod create;
mod errno;
mod file;
pub(crate) mod large;
mod limits;
mod lock;
mod memory;
mod named;
mod refusal;
mod scheduler;
mod symbol;
mod word;

pub use cache::{populate, read_cached};
pub use create::{NewFile, Published, extend, is_link};
pub use errno::{EBADF, EEXIST, EFAULT, EINVAL, ENODEV, ENOENT, libuv_errno};
pub use file::{
    Descriptor, OwnedFile, Stat, descriptor, duplicate, file_of, full_sync, open, reopened,
    set_size, stat,
};
pub use limits::{Area, allocation_granularity, page_size};
pub use lock::{allocate, lock, unlock};
pub use memory::{
    EXTENDS, HUGE_PAGES, LOCKS, MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED, Memory,
    PROT_READ, PROT_WRITE, REFUSED_FLAGS, SHARED_ANONYMOUS_GROWS, advise, is_private, set_name,
    sync,
};
pub use named::{Named, unlink_named};
pub use refusal::{SEEMS, explain, only_seems_empty};
pub use scheduler::Patient;
pub use symbol::program_function;
pub use word::{wait, wait_either, wake};
