//! Windows: section objects (`CreateFileMapping`) and views of them (`MapViewOfFile`), each call with its
//! error.
//!
//! The names are those of the Unix module, where Windows has something of the sort. `flags` and `prot` are
//! not Windows's: their bits here only carry Python's access table from `options` to [`map`].
//!
//! # What is different
//! - A mapping longer than its file extends the file ([`EXTENDS`]), also in Python.
//! - A mapped file can't be truncated, by anyone: `ERROR_USER_MAPPED_FILE`. Who resizes a mapping must
//!   let go of the memory first ([`LOCKS`]).
//! - A section may have a name, by which another process finds it. The name lives as long as a handle to the
//!   section does, not as long as its views: so the handle is kept beside the memory ([`Section`]).
//! - Offsets are multiples of 64 KiB, not of the page.

mod cache;
mod create;
mod errno;
mod file;
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
    EXTENDS, LOCKS, MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED, Memory, PROT_READ,
    PROT_WRITE, REFUSED_FLAGS, SHARED_ANONYMOUS_GROWS, advise, is_private, set_name, sync,
};
pub use named::{section_size, unlink_named};
pub use refusal::{SEEMS, explain, only_seems_empty};
pub use scheduler::Patient;
pub use symbol::program_function;
pub use word::{wait, wait_either, wake};
