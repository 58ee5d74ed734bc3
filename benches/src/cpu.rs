//! CPU time and cores. Threads are kept on a core where the system can do that (Linux); elsewhere numbers
//! are noisier and pairs still comparable.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time that this thread has used.
pub fn of_this_thread() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or_default())
}

/// CPU time that a thread of this process has used; nothing where that cannot be known.
pub fn of_thread(id: i32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/self/task/{id}/schedstat")).unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|t| t.parse().ok()).unwrap_or_default())
}

/// Keeps a thread on one core; this one if none is named. Says whether it worked.
#[cfg(target_os = "linux")]
pub fn pin(thread: Option<i32>, core: usize) -> bool {
    let mut set = rustix::thread::CpuSet::new();
    set.set(core);
    rustix::thread::sched_setaffinity(thread.and_then(rustix::thread::Pid::from_raw), &set).is_ok()
}

/// Cannot be done here.
#[cfg(not(target_os = "linux"))]
pub fn pin(_: Option<i32>, _: usize) -> bool {
    false
}

/// The threads of this process, where that can be known.
pub fn threads() -> std::collections::BTreeSet<i32> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    tasks.filter_map(|t| t.ok()?.file_name().to_str()?.parse().ok()).collect()
}
