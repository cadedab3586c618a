//! Which advice may reach the kernel.

use crate::constants::{self, Group};
use crate::error::{Error, Result};

/// Lets the advice through that the constants table has: every other is `EINVAL`, as from a kernel that
/// does not know it. Linux 6.13 knows one (`MADV_GUARD_INSTALL`) that turns a read into `SIGSEGV`.
pub(crate) fn check(advice: i32) -> Result<()> {
    let known = constants::TABLE.iter().any(|constant| {
        constant.group == Group::Advice && constant.value == Some(i64::from(advice))
    });
    if known {
        Ok(())
    } else {
        Err(Error::System {
            errno: crate::os::EINVAL,
            syscall: "madvise",
        })
    }
}
