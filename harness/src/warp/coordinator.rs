//! The thread that moves the clock: it waits until nobody does anything, and jumps to the next deadline of anybody.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use brownout_mocks::clock::{Clock, Pair, Stopwatch, Warp};
use brownout_mocks::journal::Recorder;
use brownout_shim::layout::{NEVER, kind};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};

use super::company::Company;
use super::queues::{Queue, Queues, flows};
use super::stage::Stage;
use super::timers::Timers;
use super::world::{Look, Waiting, World, timed};

/// How often it looks.
const TICK: Duration = Duration::from_micros(150);
/// How long nothing may have happened before the clock jumps: what the kernel does by itself, later, is done by then.
const CALM: Duration = Duration::from_micros(600);
/// The same where the kernel cannot be asked for its queues.
const BLIND: Duration = Duration::from_millis(10);
/// The same while the client has connections to somebody who does not live on this clock and may answer by itself.
const OUTSIDE: Duration = Duration::from_millis(50);
/// How long bytes may be under way: after that nobody takes them, and time goes on.
const UNDER_WAY: Duration = Duration::from_millis(400);
/// Shorter jumps are not worth their while: the time passes by itself.
const SHORTEST: i64 = 200_000;
/// A client that has neither done anything nor let the clock jump for so long is stopped.
const WATCHDOG: Duration = Duration::from_secs(60);
/// Time that was held for longer than this is told.
const TOLD: Duration = Duration::from_millis(250);

/// What the coordinator tells while it runs, and after.
#[derive(Debug, Default)]
pub struct Watched {
    jumps: AtomicU64,
    stop: AtomicBool,
    held: Mutex<Option<(Duration, String)>>,
    /// Whether the client has connections to somebody who does not live on its clock.
    outside: AtomicBool,
    stuck: tokio::sync::Notify,
}

impl Watched {
    /// Ends when the client neither does anything nor sleeps.
    pub async fn stuck(&self) {
        self.stuck.notified().await;
    }

    /// How often the clock has jumped.
    pub fn jumps(&self) -> u64 {
        self.jumps.load(SeqCst)
    }

    /// Why the clock could not skip for a while, if it could not.
    pub fn note(&self) -> Option<String> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((lasted, why)) = held.as_ref().filter(|(lasted, _)| *lasted >= TOLD) {
            let seconds = lasted.as_secs_f64();
            return Some(format!("time could not skip for {seconds:.1} s: {why}"));
        }
        self.outside.load(SeqCst).then(|| {
            "the command has a connection to somebody else than brownout, so time skips only after 50 ms of silence"
                .to_owned()
        })
    }
}

/// The running thread. Dropping it ends it.
#[derive(Debug)]
pub struct Coordinator {
    watched: Arc<Watched>,
    thread: Option<JoinHandle<()>>,
}

impl Coordinator {
    /// Watches the clients of a play, those there are and those to come; to be called by the thread that serves them.
    pub fn start(
        stage: &Stage,
        company: &Company,
        clock: &Clock,
        warp: &Warp,
        recorder: &Recorder,
    ) -> std::io::Result<Self> {
        let watched = Arc::<Watched>::default();
        let server = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
        let work = Work {
            stage: stage.clone(),
            clock: clock.clone(),
            warp: warp.clone(),
            recorder: recorder.clone(),
            watched: Arc::clone(&watched),
            timers: Timers::default(),
            world: World::new(company.clone(), server),
            company: company.clone(),
            queues: Queues::open(),
            under_way: None,
            since: Stopwatch::start(),
            moved: Stopwatch::start(),
            events: 0,
        };
        let thread = std::thread::Builder::new().name("brownout-warp".to_owned()).spawn(move || work.run())?;
        Ok(Self { watched, thread: Some(thread) })
    }

    /// What it tells.
    pub fn watched(&self) -> &Arc<Watched> {
        &self.watched
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        self.watched.stop.store(true, SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// What connections and pipes hold.
type Flow = (Vec<[Option<Queue>; 2]>, Vec<u64>);

struct Work {
    stage: Stage,
    clock: Clock,
    warp: Warp,
    recorder: Recorder,
    watched: Arc<Watched>,
    world: World,
    company: Company,
    timers: Timers,
    queues: Queues,
    /// What is under way, and since when it is just that.
    under_way: Option<(Flow, Stopwatch)>,
    /// Since when nothing has happened.
    since: Stopwatch,
    /// Since when neither the clock has jumped nor the journal grown.
    moved: Stopwatch,
    events: usize,
}

impl Work {
    fn run(mut self) {
        let mut last = None;
        let mut waited = Stopwatch::start();
        while !self.watched.stop.load(SeqCst) {
            std::thread::park_timeout(TICK);
            self.ring();
            self.timers.follow(self.stage.map());
            self.guard();
            let pulse = self.world.pulse(self.stage.map());
            if self.warp.held() || last != Some(pulse) {
                last = Some(pulse);
                self.since = Stopwatch::start();
                waited = Stopwatch::start();
                continue;
            }
            if self.since.elapsed() < self.calm() {
                continue;
            }
            match self.world.look(self.stage.map()) {
                Look::Quiet if !self.flowing() && self.world.pulse(self.stage.map()) == pulse => {
                    self.jump();
                }
                Look::Held(why) => {
                    self.moved = Stopwatch::start();
                    self.tell(waited.elapsed(), why);
                }
                _ => {}
            }
            // Anew in any case: the next jump has to see a calm of its own.
            waited = Stopwatch::start();
            last = None;
        }
    }

    fn calm(&self) -> Duration {
        if self.stage.map().outside.load(SeqCst) > 0 {
            self.watched.outside.store(true, SeqCst);
            OUTSIDE
        } else if self.queues.work() {
            CALM
        } else {
            BLIND
        }
    }

    fn now(&self) -> i64 {
        brownout_shim::now() + self.stage.map().offset.load(SeqCst)
    }

    /// Whether bytes are under way that somebody will take.
    fn flowing(&mut self) -> bool {
        let pairs = self.warp.lines();
        let queues: Vec<[Option<Queue>; 2]> = pairs.iter().map(|pair| self.queues.of(*pair)).collect();
        let still = |(_, queues): &(&Pair, &[Option<Queue>; 2])| !flows(**queues);
        let done: Vec<Pair> = pairs.iter().zip(&queues).filter(still).map(|(pair, _)| *pair).collect();
        self.warp.forget(&done);
        let unread = self.company.unread();
        if done.len() == pairs.len() && unread.iter().all(|bytes| *bytes == 0) {
            self.under_way = None;
            return false;
        }
        let flow = (queues, unread);
        match &self.under_way {
            Some((then, since)) if *then == flow => since.elapsed() < UNDER_WAY,
            _ => {
                self.under_way = Some((flow, Stopwatch::start()));
                true
            }
        }
    }

    /// Jumps to the next deadline of anybody.
    fn jump(&mut self) {
        let shared = self.stage.map();
        let now = self.now();
        let waiting = World::waiting(shared);
        let threads = timed(&waiting).map(|w| w.deadline.saturating_sub(now));
        let alarms = shared.processes.iter().filter(|p| p.pid.load(SeqCst) != 0).map(|p| p.alarm.load(SeqCst));
        let timers = self.timers.due(now);
        let rings = alarms.chain(timers).filter(|at| *at != NEVER).map(|at| at.saturating_sub(now));
        let ours = self
            .warp
            .due()
            .map(|due| i64::try_from(due.saturating_sub(self.clock.since_start()).as_nanos()).unwrap_or(NEVER));
        let Some(left) = threads.chain(rings).chain(ours).min() else { return };
        if left >= SHORTEST {
            shared.offset.fetch_add(left, SeqCst);
            self.warp.advance(Duration::from_nanos(left.unsigned_abs()));
            self.watched.jumps.fetch_add(1, SeqCst);
            self.moved = Stopwatch::start();
            self.timers.moved(self.now());
        }
        let now = self.now();
        for due in timed(&waiting).filter(|w| w.deadline <= now) {
            self.wake(due);
        }
        self.ring();
    }

    fn wake(&self, waiting: &Waiting) {
        match waiting.kind {
            kind::FUTEX => brownout_shim::wake(&self.stage.map().slots[waiting.slot]),
            kind::PIPE => {
                let flags = OFlags::NONBLOCK.bits().cast_signed();
                // Without a reader there is nobody to wake: it has not begun to wait, and looks at the clock first.
                if let Ok(mut pipe) =
                    OpenOptions::new().write(true).custom_flags(flags).open(self.stage.pipe(waiting.slot))
                {
                    let _ = pipe.write_all(&[1]);
                }
            }
            _ => {}
        }
    }

    /// Rings the alarms that are due.
    fn ring(&self) {
        let now = self.now();
        for process in &self.stage.map().processes {
            let (pid, alarm) = (process.pid.load(SeqCst), process.alarm.load(SeqCst));
            if pid == 0 || alarm > now {
                continue;
            }
            let next = match process.every.load(SeqCst) {
                0 => NEVER,
                every => alarm.saturating_add(every).max(now),
            };
            if process.alarm.compare_exchange(alarm, next, SeqCst, SeqCst).is_ok()
                && let Some(pid) = Pid::from_raw(pid.cast_signed())
            {
                let _ = kill_process(pid, Signal::ALARM);
            }
        }
    }

    /// Stops a play in which nothing happens any more.
    fn guard(&mut self) {
        let events = self.recorder.len();
        if events != self.events {
            self.events = events;
            self.moved = Stopwatch::start();
        } else if self.moved.elapsed() >= WATCHDOG {
            self.moved = Stopwatch::start();
            self.watched.stuck.notify_one();
        }
    }

    fn tell(&self, lasted: Duration, why: String) {
        let mut held = self.watched.held.lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.as_ref().map_or(Duration::ZERO, |(lasted, _)| *lasted);
        *held = Some((before + lasted, why));
    }
}
