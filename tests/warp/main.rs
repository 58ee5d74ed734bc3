//! Warp time: programs that brownout did not write keep their times, whatever they wait by, in a fraction of them.
//!
//! A binary of its own, so that the machine has little else to do. It needs Python, a C compiler and a shell.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that unwraps says where it failed")]
#![expect(clippy::print_stdout, reason = "figures, for who asks for them")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use brownout_mocks::clock::{Stopwatch, Time};
use brownout_mocks::journal::{EventKind, Trial, read};

/// One test at a time: what is measured here is the machine's time, too.
static ALONE: Mutex<()> = Mutex::new(());

const BROWNOUT: &str = env!("CARGO_BIN_EXE_brownout-under-test");

fn here(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("warp").join(name).display().to_string()
}

fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("warp-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn scenario(name: &str, steps: &str) -> String {
    let path = scratch(name).join("story.yaml");
    let text = format!("brownout: 1\nname: {name}\ntitle: t\nservice: dynamodb\n{steps}\nexpect: {{outcome: any}}\n");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// What came of a run.
struct Ran {
    exit: Option<i32>,
    stdout: String,
    stderr: String,
    trial: Option<Trial>,
    took: Duration,
}

fn run(scenario: &str, flags: &[&str], command: &[&str]) -> Ran {
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let journal = scratch(&format!("run-{}", NUMBER.fetch_add(1, Ordering::Relaxed))).join("journal.jsonl");
    let watch = Stopwatch::start();
    let output = Command::new(BROWNOUT)
        .args(["run", scenario, "--no-control", "--journal"])
        .arg(&journal)
        .args(flags)
        .arg("--")
        .args(command)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let took = watch.elapsed();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    // Nothing is written of a run that could not be played.
    let written = std::fs::read_to_string(&journal).ok().filter(|text| !text.is_empty());
    let trials = written.map(|t| read(&mut t.as_bytes()).unwrap());
    Ran {
        exit: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        trial: trials.into_iter().flatten().find(|t| t.header.segment == brownout_mocks::journal::Segment::Run),
        took,
    }
}

/// Lines of a program that says how long it has waited, and how long it was to; what is off.
#[track_caller]
fn all_right(ran: &Ran, least: usize) {
    let mut seconds = 0.0;
    let mut wrong = Vec::new();
    let lines: Vec<Vec<&str>> = ran.stdout.lines().map(|l| l.split('\t').collect()).collect();
    for line in lines.iter().filter(|l| l.len() == 3) {
        let (took, wanted): (f64, f64) = (line[1].parse().unwrap(), line[2].parse().unwrap());
        // A machine that is busy starts a child late, but wakes nobody early.
        if took < wanted - 0.003 || took > wanted * 1.01 + 0.25 {
            wrong.push(format!("{}: {took} s instead of {wanted}", line[0]));
        }
        seconds += took / 2.0;
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), ran.stderr);
    assert!(lines.len() >= least, "{} lines of {least}: {}\n{}", lines.len(), ran.stdout, ran.stderr);
    let trial = ran.trial.as_ref().unwrap();
    assert_eq!(trial.header.time, Time::Warp);
    println!("{seconds:.0} s in {:.2} s", ran.took.as_secs_f64());
    assert!(ran.took.as_secs_f64() < seconds / 4.0, "{seconds} s took {:?}", ran.took);
}

const THROTTLED: &str = "steps: [{when: {operation: ListTables}, inject: throttle}]";

#[test]
fn a_python_program_keeps_its_times() {
    let _alone = ALONE.lock();
    let ran = run(&scenario("python", THROTTLED), &["--trials", "1"], &["python3", &here("waits.py")]);
    all_right(&ran, 44);
}

#[test]
fn a_rust_program_keeps_its_times() {
    let _alone = ALONE.lock();
    let waits = env!("CARGO_BIN_EXE_brownout-waits");
    all_right(&run(&scenario("rust", THROTTLED), &["--trials", "1"], &[waits]), 14);
}

/// When each attempt came, since the one before was answered, in microseconds.
fn gaps(trial: &Trial) -> Vec<u64> {
    let mut answered = None;
    let mut gaps = Vec::new();
    for event in &trial.events {
        match &event.kind {
            EventKind::AttemptReceived(_) => gaps.extend(answered.map(|at: u64| event.at_us.saturating_sub(at))),
            EventKind::Answered(answer) => answered = Some(answer.last_byte_us),
            _ => {}
        }
    }
    gaps
}

/// How far a gap in warp time may lie from that in wall time, in the median of three runs: 10 ms, or one in a hundred.
#[test]
fn warp_equals_wall_gap_by_gap() {
    let _alone = ALONE.lock();
    let story = scenario("ladder", THROTTLED);
    let middle = |time: &str| -> Vec<u64> {
        let runs: Vec<Vec<u64>> = (0..3)
            .map(|_| {
                let ran = run(&story, &["--trials", "1", "--time", time], &["python3", &here("ladder.py")]);
                gaps(&ran.trial.unwrap())
            })
            .collect();
        (0..6)
            .map(|gap| {
                let mut three: Vec<u64> = runs.iter().map(|run| run[gap]).collect();
                three.sort_unstable();
                three[1]
            })
            .collect()
    };
    let (warp, wall) = (middle("warp"), middle("wall"));
    println!("warp {warp:?}\nwall {wall:?}");
    for (warp, wall) in warp.iter().zip(&wall) {
        assert!(warp.abs_diff(*wall) <= 10_000.max(wall / 100), "{warp} µs in warp, {wall} µs in wall time");
    }
}

/// A read that waits for 60 s and one answer after 10 s are as long as that, and no other gives up, in as many plays as
/// `BROWNOUT_WARP_RUNS` says: half of them alone, half of them with every core at other work.
#[test]
fn no_read_gives_up_that_has_no_reason_to() {
    let _alone = ALONE.lock();
    let runs = std::env::var("BROWNOUT_WARP_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(24u32);
    let half = (runs / 2).max(1).to_string();
    let play = || {
        let flags = ["--time", "warp", "--trials", &half];
        let ran = run(&here("answers.yaml"), &flags, &["python3", &here("answers.py")]);
        assert_eq!(ran.exit, Some(0), "{}{}", ran.stdout, ran.stderr);
        ran.took
    };
    let alone = play();
    let stop = AtomicBool::new(false);
    let crowded = std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        for _ in 0..cores {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        // A failure has to end the others, too.
        let crowded = std::panic::catch_unwind(play);
        stop.store(true, Ordering::Relaxed);
        crowded
    });
    let crowded = crowded.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    // With none in n plays, the rate lies below 3/n with a confidence of 95 %.
    let played = f64::from(half.parse::<u32>().unwrap()) * 2.0;
    println!(
        "no spurious timeout in {played} plays ({:.0} s alone, {:.0} s with all cores busy): at most {:.2} % (95 %)",
        alone.as_secs_f64(),
        crowded.as_secs_f64(),
        100.0 * (1.0 - 0.05f64.powf(1.0 / played))
    );
}

/// The program of `static.c`, without any library.
fn library_free() -> String {
    let program = scratch("static").join("static").display().to_string();
    let flags = ["-O1", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-o"];
    assert!(Command::new("cc").args(flags).arg(&program).arg(here("static.c")).status().unwrap().success());
    program
}

fn python() -> String {
    let output = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_static_program_is_played_in_wall_time_and_the_report_says_why() {
    let _alone = ALONE.lock();
    let (program, python, story) = (library_free(), python(), scenario("static-story", THROTTLED));
    let command = [program.as_str(), &python, &here("ladder.py")];
    let ran = run(&story, &["--trials", "1"], &command);
    let header = ran.trial.unwrap().header;
    assert_eq!(header.time, Time::Wall);
    assert!(header.time_note.unwrap().contains("statically linked"));
    assert!(ran.stderr.contains("clock: wall time, because") || ran.stdout.contains("clock: wall time, because"));
    let forced = run(&story, &["--trials", "1", "--time", "warp"], &command);
    assert_eq!(forced.exit, Some(2), "{}", forced.stderr);
    assert!(forced.stderr.contains("cannot be played in warp time"), "{}", forced.stderr);
}

/// Where one process of several cannot be warped, nobody's clock skips while it lives: its half second is half a second.
#[test]
fn a_process_without_the_shim_holds_time_up() {
    let _alone = ALONE.lock();
    let (program, story) = (library_free(), scenario("held", THROTTLED));
    let script = format!(
        "import time, subprocess, runpy\nbegan = time.monotonic()\nfor _ in range(4):\n    subprocess.run(['{program}'])\n\
         print(time.monotonic() - began)\nrunpy.run_path('{}')",
        here("ladder.py")
    );
    let ran = run(&story, &["--trials", "1"], &[&python(), "-c", &script]);
    let took: f64 = ran.stdout.lines().next().unwrap().parse().unwrap();
    assert!((2.0..3.0).contains(&took), "four times half a second are {took} s");
    let header = ran.trial.unwrap().header;
    assert_eq!(header.time, Time::Warp);
    let note = header.time_note.unwrap();
    assert!(note.contains("could not skip") && note.contains("`static`"), "{note}");
}

#[test]
fn nobody_outlives_a_brownout_that_is_killed() {
    let _alone = ALONE.lock();
    let folder = scratch("killed");
    // The client is at work, so that time does not skip; its child sleeps, and says so by name.
    let script = "import subprocess\nchild = subprocess.Popen(['sleep', '54321'])\nprint(child.pid, flush=True)\nwhile True: pass";
    let mut brownout = Command::new(BROWNOUT)
        .args(["run", &scenario("killed-story", THROTTLED), "--no-control", "--", &python(), "-c", script])
        .env("TMPDIR", &folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(brownout.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let child: u32 = line.trim().parse().unwrap();
    let parent = parent_of(child).unwrap();
    brownout.kill().unwrap();
    brownout.wait().unwrap();
    let watch = Stopwatch::start();
    while runs(parent) || runs(child) {
        assert!(watch.elapsed() < Duration::from_secs(10), "a client is left");
        std::thread::yield_now();
    }
}

fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

fn parent_of(pid: u32) -> Option<u32> {
    stat(pid)?[1].parse().ok()
}

fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|words| words[0] != "Z" && words[0] != "X")
}

/// Without what is shared, the shim does nothing: a program that is left with it alone goes on as ever.
#[test]
fn the_shim_alone_is_no_hindrance() {
    let _alone = ALONE.lock();
    let shim = scratch("shim").join("warp.so");
    std::fs::write(&shim, brownout_shim::PRELOAD).unwrap();
    let output = Command::new("python3")
        .args(["-c", "import threading, time, sys\nt = time.time()\ntime.sleep(0.01)\nthreading.Event().wait(0.01)\nc = threading.Condition()\nc.acquire()\nc.wait(0.01)\nprint(0.03 <= time.time() - t < 2)"])
        .env("LD_PRELOAD", &shim)
        .env("BROWNOUT_WARP", "/nowhere")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "True\n");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
