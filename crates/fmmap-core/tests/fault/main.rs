//! The fault guard against real faults: files that shrink, disks that are full, handlers of others.
//!
//! The handler is process-wide and a failure is death, so each test runs its body in a process of
//! its own: [`support::child`] starts this program again for the one test, and there runs the body instead.
#![cfg(all(unix, not(loom)))]
// The library argues each unsafe operation; these are all calls on memory that the test itself mapped.
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block
)]

#[cfg(target_os = "linux")]
mod disk;
mod handlers;
mod load;
mod missing;
mod support;

use std::env;
use std::process::Command;
use support::CODE_FOR_ALL;

/// XNU reports every SIGBUS with code 1 on arm64 and with code 2 on x86-64, one that was sent too.
#[test]
fn where_codes_say_nothing_the_page_decides() {
    // All tests except those about what Apple's systems lack: faults that only writes cause (a full disk), and a
    // kernel's limit of areas.
    let tests = [
        "missing::without_a_guard_a_truncated_file_kills",
        "missing::survives_truncation_to_nothing",
        "missing::survives_truncation_to_a_page_boundary",
        "missing::survives_truncation_inside_a_page",
        "missing::survives_a_mapping_that_begins_inside_the_file",
        "missing::survives_in_a_read_only_mapping",
        "missing::a_copy_of_64_mib_faults_a_few_times_only",
        "missing::zeros_stay_when_the_file_grows_back",
        "missing::a_page_that_is_back_is_the_files_again",
        "missing::without_a_descriptor_the_reason_is_unknown",
        "missing::a_range_taken_out_is_not_guarded",
        "handlers::a_kill_goes_to_the_handler_before",
        "handlers::errno_is_kept",
        "handlers::a_fault_elsewhere_goes_to_the_handler_before",
        "handlers::a_fault_elsewhere_kills_where_nothing_was_before",
        "handlers::a_kill_kills_where_nothing_was_before",
        "handlers::a_kill_is_ignored_where_it_was_before",
        "handlers::a_handler_that_wanted_one_signal_gets_one",
        "handlers::two_handlers_that_call_one_another_end",
        "handlers::switched_off_a_fault_kills",
        "handlers::switched_off_under_another_handler_it_passes_on",
        "handlers::a_handler_installed_later_is_covered_again",
        "handlers::a_handler_that_nobody_tells_of_is_covered_in_time",
        "load::no_thread_takes_a_zero_for_data",
        "load::survives_a_race_of_truncation_and_access",
        "handlers::a_signal_with_the_address_of_a_page_that_is_there_is_passed_on",
    ];
    for code in ["1", "2"] {
        let output = Command::new(env::current_exe().unwrap())
            .args(tests)
            .args(["--exact", "--test-threads=2"])
            .env(CODE_FOR_ALL, code)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "code {code}: {text}");
        assert!(text.contains(&format!("{} passed", tests.len())), "{text}");
    }
}
