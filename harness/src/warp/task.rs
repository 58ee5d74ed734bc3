//! What the kernel tells about one thread: whether it sleeps, whether it has run since, and what it waits for.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// A thread.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) tid: u32,
    folder: String,
    stat: File,
    times: Option<File>,
    /// How often it had run when it was last asked what it waits for, and the answer.
    asked: Option<(u64, Sleep)>,
}

/// What a thread sleeps for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sleep {
    /// Something that is no time.
    Untimed,
    /// Perhaps a time that nobody wrote down.
    Unseen,
}

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Asleep,
    Gone,
    Busy,
}

impl Task {
    /// A thread of a process; none if it is gone.
    pub(super) fn open(pid: u32, tid: u32) -> Option<Self> {
        let folder = format!("/proc/{pid}/task/{tid}");
        let stat = File::open(format!("{folder}/stat")).ok()?;
        let times = File::open(format!("{folder}/schedstat")).ok();
        Some(Self { tid, folder, stat, times, asked: None })
    }

    /// What it does now.
    pub(super) fn state(&self) -> State {
        let mut text = [0; 256];
        let Some(stat) = read(&self.stat, &mut text) else { return State::Gone };
        // The name may hold anything, so the last parenthesis ends it.
        match stat.rfind(") ").and_then(|at| stat.as_bytes().get(at + 2)) {
            Some(b'S' | b'I') => State::Asleep,
            Some(b'Z' | b'X') | None => State::Gone,
            Some(_) => State::Busy,
        }
    }

    /// A number that changes whenever it runs: its turns on a processor, and the time there. Without one nothing is
    /// known, and it may always have run.
    pub(super) fn turns(&self) -> Option<u64> {
        let mut text = [0; 64];
        let times = read(self.times.as_ref()?, &mut text)?;
        let mut words = times.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
        let (run, _, turns) = (words.next()?, words.next()?, words.next()?);
        Some(run.wrapping_mul(1_000_003).wrapping_add(turns))
    }

    /// What it sleeps for, having run so often; to be asked of one that sleeps outside the shim.
    pub(super) fn sleeps_for(&mut self, turns: u64) -> Sleep {
        if let Some((then, sleep)) = self.asked
            && then == turns
        {
            return sleep;
        }
        let call = std::fs::read_to_string(format!("{}/syscall", self.folder)).unwrap_or_default();
        let sleep = classify(&call);
        self.asked = Some((turns, sleep));
        sleep
    }

    /// Its name.
    pub(super) fn name(&self) -> String {
        let name = std::fs::read_to_string(format!("{}/comm", self.folder)).unwrap_or_default();
        name.trim_end().to_owned()
    }
}

fn read<'a>(file: &File, buffer: &'a mut [u8]) -> Option<&'a str> {
    let length = file.read_at(buffer, 0).ok().filter(|n| *n > 0)?;
    let text = &buffer[..length];
    Some(std::str::from_utf8(text).unwrap_or_else(|e| std::str::from_utf8(&text[..e.valid_up_to()]).unwrap_or("")))
}

/// Whether a system call, as `/proc/…/syscall` has it, may end because time has passed. What is not known to wait for
/// something else is taken to wait for time.
fn classify(call: &str) -> Sleep {
    let mut words = call.split_whitespace();
    let Some(number) = words.next().and_then(|n| n.parse::<u32>().ok()) else { return Sleep::Unseen };
    let argument: Vec<u64> =
        words.filter_map(|w| u64::from_str_radix(w.strip_prefix("0x")?, 16).ok()).take(6).collect();
    let [_, b, _, d, e, _] = argument[..] else { return Sleep::Unseen };
    let never = |pause: u64| pause as u32 == u32::MAX;
    let known = Numbers::THIS;
    let untimed = match number {
        n if known.untimed.contains(&n) => true,
        n if n == known.futex => d == 0 || !matches!(b & 127, 0 | 9 | 6 | 11 | 13),
        n if n == known.ppoll => argument[2] == 0,
        n if n == known.pselect => e == 0,
        n if n == known.epoll_pwait || Some(n) == known.epoll_wait => never(d),
        n if Some(n) == known.poll => never(argument[2]),
        n if Some(n) == known.select => e == 0,
        n if n == known.sigtimedwait => argument[2] == 0,
        _ => false,
    };
    if untimed { Sleep::Untimed } else { Sleep::Unseen }
}

/// Numbers of system calls that matter.
struct Numbers {
    /// Those that wait for something else than time: reading, writing, receiving, sending, accepting, connecting,
    /// waiting for children and signals, opening, locking.
    untimed: &'static [u32],
    futex: u32,
    ppoll: u32,
    pselect: u32,
    epoll_pwait: u32,
    sigtimedwait: u32,
    epoll_wait: Option<u32>,
    poll: Option<u32>,
    select: Option<u32>,
}

#[cfg(not(target_arch = "aarch64"))]
impl Numbers {
    const THIS: Self = Self {
        untimed: &[
            0, 1, 2, 17, 18, 19, 20, 34, 42, 43, 44, 45, 46, 47, 61, 64, 65, 72, 73, 75, 130, 240, 247, 257, 275, 276,
            288, 295, 296,
        ],
        futex: 202,
        ppoll: 271,
        pselect: 270,
        epoll_pwait: 281,
        sigtimedwait: 128,
        epoll_wait: Some(232),
        poll: Some(7),
        select: Some(23),
    };
}

#[cfg(target_arch = "aarch64")]
impl Numbers {
    const THIS: Self = Self {
        untimed: &[
            25, 32, 56, 63, 64, 65, 66, 67, 68, 69, 70, 75, 76, 82, 95, 133, 193, 202, 203, 206, 207, 211, 212, 242,
            260,
        ],
        futex: 98,
        ppoll: 73,
        pselect: 72,
        epoll_pwait: 22,
        sigtimedwait: 137,
        epoll_wait: None,
        poll: None,
        select: None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_call_tells_what_it_waits_for() {
        let says = |call: &str| classify(&format!("{call} 0x7ffd8a 0x7f32a"));
        assert_eq!(says("0 0x0 0x7f0 0x1000 0x0 0x0 0x0"), Sleep::Untimed, "read");
        assert_eq!(says("202 0x7f1 0x80 0x0 0x0 0x0 0x0"), Sleep::Untimed, "a futex without a time");
        assert_eq!(says("202 0x7f1 0x189 0x0 0x7ffe 0x0 0xffffffff"), Sleep::Unseen, "a futex with one");
        assert_eq!(says("230 0x0 0x0 0x7ffe 0x0 0x0 0x0"), Sleep::Unseen, "clock_nanosleep");
        assert_eq!(says("7 0x7ffe 0x1 0xffffffff 0x0 0x0 0x0"), Sleep::Untimed, "poll for ever");
        assert_eq!(says("7 0x7ffe 0x1 0x1388 0x0 0x0 0x0"), Sleep::Unseen, "poll for five seconds");
        assert_eq!(says("232 0x5 0x7ffe 0x80 0xffffffffffffffff 0x0 0x0"), Sleep::Untimed, "epoll for ever");
        assert_eq!(says("running"), Sleep::Unseen);
        assert_eq!(classify(""), Sleep::Unseen);
    }
}
