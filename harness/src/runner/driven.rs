//! Plays a scenario with a driver: brownout makes the demand, and the driver's client makes the calls.

use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use brownout_mocks::clock::Time;
use brownout_mocks::journal::{EventKind, micros};
use brownout_mocks::transport::Network;
use tokio::process::ChildStdout;
use tokio::task::JoinSet;

use super::command::{CommandError, CommandPlay, GRACE};
use super::ground::{Ground, Interrupts, stopped, words};
use super::{patience, silence, silent, workload};
use crate::client::command::{Identity, Started, start_piped};
use crate::client::driver::{Driver, Ended, Hello, Lines, Start, VERSION};
use crate::client::drivers::{Driven, Obstacle, Program, Unpacked};
use crate::client::{CallClient, Setting};
use crate::warp::{Coordinator, Member};

/// How long a driver may take to say who it is, on the run's clock.
const HELLO: Duration = Duration::from_secs(60);
/// How long it may take to end when there are no more calls.
const GOODBYE: Duration = Duration::from_secs(10);

/// A driver's process.
struct Actor {
    started: Started,
    driver: Driver,
    /// Its output, until somebody listens to it.
    lines: Option<Lines<ChildStdout>>,
    _member: Option<Member>,
}

/// How the calls came to an end.
enum End {
    /// All were made.
    Done,
    /// A driver said no more, before that.
    Ended(usize, Ended),
    /// Nothing happened any more.
    Silent(u64),
    /// The journal is full.
    Full,
}

/// Plays; says what there is to say about the client.
pub(super) async fn play(play: &CommandPlay<'_>, driven: &Driven, ground: &Ground) -> Result<Identity, CommandError> {
    let mut interrupts = Interrupts::listen()?;
    let many = play.clients.unwrap_or(play.scenario.document.clients);
    let unpacked = driven.unpack()?;
    let mut actors = Vec::new();
    if let Program::Speaks { .. } = driven.program {
        for client in 0..many {
            actors.push(Actor::start(&unpacked, play, ground, client)?);
        }
    }
    let coordinator = ground.coordinate()?;
    let outcome = tokio::select! {
        biased;
        signal = interrupts.come() => Err(CommandError::Interrupted { signal }),
        outcome = perform(play, driven, &unpacked, ground, &mut actors, coordinator.as_ref()) => outcome,
    };
    if outcome.is_err() {
        for actor in &mut actors {
            actor.started.stop().await;
        }
    }
    outcome
}

async fn perform(
    play: &CommandPlay<'_>,
    driven: &Driven,
    unpacked: &Unpacked,
    ground: &Ground,
    actors: &mut [Actor],
    coordinator: Option<&Coordinator>,
) -> Result<Identity, CommandError> {
    for (client, actor) in actors.iter().enumerate() {
        actor.driver.begin(&start_line(play, driven, client as u32)).await;
    }
    let (hello, acted) = if ground.hands_out_credentials() {
        // Some fetch them when their client is made. Elsewhere the story begins when the driver is ready.
        ground.open().await?;
        let greeted = async {
            let hello = greet(unpacked, ground, actors).await?;
            Ok::<_, CommandError>((hello, act(play, driven, unpacked, ground, actors, coordinator).await?))
        };
        tokio::select! {
            biased;
            both = greeted => both?,
            () = ground.serve() => (None, None),
        }
    } else {
        let hello = greet(unpacked, ground, actors).await?;
        ground.open().await?;
        tokio::select! {
            biased;
            acted = act(play, driven, unpacked, ground, actors, coordinator) => (hello, acted?),
            () = ground.serve() => (None, None),
        }
    };
    let mut told = driven.told(hello.as_ref());
    if let Some(acted) = acted {
        let note = told.note.get_or_insert_default();
        if !note.is_empty() {
            note.push_str("; ");
        }
        note.push_str(&acted);
    }
    told.time_note = coordinator.and_then(|c| c.watched().note());
    Ok(told)
}

/// Waits until all have said who they are; what the first of them says.
async fn greet(unpacked: &Unpacked, ground: &Ground, actors: &mut [Actor]) -> Result<Option<Hello>, CommandError> {
    let mut first = None;
    for actor in actors.iter_mut() {
        let hello = actor.hello(unpacked, ground).await?;
        first.get_or_insert(hello);
    }
    Ok(first)
}

/// Makes the calls and sees the driver off. Says what became of it, if that was not as it should be.
async fn act(
    play: &CommandPlay<'_>,
    driven: &Driven,
    unpacked: &Unpacked,
    ground: &Ground,
    actors: &mut [Actor],
    coordinator: Option<&Coordinator>,
) -> Result<Option<String>, CommandError> {
    let (clock, recorder) = (&ground.clock, &ground.recorder);
    let mut listeners = JoinSet::new();
    for (index, actor) in actors.iter_mut().enumerate() {
        if let Some(mut lines) = actor.lines.take() {
            let speaker = actor.driver.clone();
            listeners.spawn(async move { (index, speaker.listen(&mut lines).await) });
        }
    }
    let patience = play.client_timeout.unwrap_or_else(|| patience(play.scenario));
    let began = clock.since_start();
    let stuck = async {
        match coordinator {
            Some(coordinator) => coordinator.watched().stuck().await,
            None => std::future::pending().await,
        }
    };
    let obstacle = Obstacle::default();
    let end = {
        let all = workload::all(parts(play, driven, unpacked, ground, actors, &obstacle));
        tokio::pin!(all);
        let silent_us = || micros(silence(clock, recorder, began));
        tokio::select! {
            biased;
            Some(Ok((index, ended))) = listeners.join_next() => {
                // One that leaves with its last answer has done all there was to do.
                let rest = tokio::time::timeout(GRACE, &mut all);
                if ended == Ended::Closed && rest.await.is_ok() { End::Done } else { End::Ended(index, ended) }
            }
            () = &mut all => End::Done,
            why = obstacle.hit() => End::Ended(0, Ended::Broken(why)),
            () = recorder.filled() => End::Full,
            () = silent(clock, recorder, began, patience) => End::Silent(silent_us()),
            () = stuck => End::Silent(silent_us()),
        }
    };
    let program = driven.name();
    match end {
        End::Ended(_, Ended::Broken(why)) => Err(CommandError::Driver(why)),
        End::Done => {
            let status = leave(ground, actors, &mut listeners).await?;
            clock.sleep(GRACE).await;
            if !ground.arrived() && !ground.port_closed() {
                return Err(CommandError::Driver(unheard(&program, actors)));
            }
            let (exit, signal) = status.map_or((None, None), |s| (s.code(), s.signal()));
            recorder.push(clock.now(), EventKind::ClientEnded { exit, signal });
            let overdue = !actors.is_empty() && status.is_none();
            Ok(overdue.then(|| "the driver had not ended 10 s after its last call, and was stopped".to_owned()))
        }
        End::Ended(index, Ended::Closed) => {
            let unanswered = numbers(&actors[index].driver.unanswered());
            let status = wait(ground, &mut actors[index].started).await;
            for actor in actors.iter_mut() {
                actor.started.stop().await;
            }
            let how = status.map_or_else(|| "it closed its output".to_owned(), words);
            let sentence = format!("the driver `{program}` ended before its time ({how}), {unanswered}");
            if !ground.arrived() {
                return Err(CommandError::Driver(format!("{sentence}; no request had arrived")));
            }
            let (exit, signal) = status.map_or((None, None), |s| (s.code(), s.signal()));
            recorder.push(clock.now(), EventKind::ClientEnded { exit, signal });
            Ok(Some(sentence))
        }
        End::Silent(silent_us) => {
            let open: Vec<Vec<u64>> = actors.iter().map(|a| a.driver.unanswered()).collect();
            let index = open.iter().position(|calls| !calls.is_empty()).unwrap_or_default();
            for actor in actors.iter_mut() {
                actor.started.stop().await;
            }
            let unanswered = numbers(open.get(index).map_or(&[], Vec::as_slice));
            let sentence = format!("the driver `{program}` hung, {unanswered}: {}", stopped(play));
            if !ground.arrived() {
                return Err(CommandError::Driver(format!("{sentence}; no request had arrived")));
            }
            let client = u32::try_from(index).unwrap_or(u32::MAX);
            recorder.push(clock.now(), EventKind::ClientHung { client, silent_us });
            recorder.push(clock.now(), EventKind::ClientEnded { exit: None, signal: None });
            Ok(Some(sentence))
        }
        End::Full => {
            for actor in actors.iter_mut() {
                actor.started.stop().await;
            }
            recorder.push(clock.now(), EventKind::ClientEnded { exit: None, signal: None });
            Ok(None)
        }
    }
}

/// The demand of all clients.
fn parts(
    play: &CommandPlay<'_>,
    driven: &Driven,
    unpacked: &Unpacked,
    ground: &Ground,
    actors: &[Actor],
    obstacle: &Obstacle,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for client in 0..play.clients.unwrap_or(play.scenario.document.clients) {
        let calls: Arc<dyn CallClient> = match (&driven.program, actors.get(client as usize)) {
            (Program::PerCall(each), _) => {
                let seal = ground.seal(client);
                Arc::new(each.client(seal, ground.company.clone(), seed(play, client), unpacked, obstacle.clone()))
            }
            (_, Some(actor)) => Arc::new(actor.driver.clone()),
            (_, None) => continue,
        };
        let setting = Setting {
            network: Network::Tcp(ground.tcp.address()),
            clock: ground.clock.clone(),
            seed: play.seed,
            client,
        };
        let part = workload::Part::new(play.scenario, setting, ground.recorder.clone()).asking(&ground.tcp.url());
        tasks.spawn(part.calls(calls));
    }
    tasks
}

/// Tells all drivers that there are no more calls, and waits for them; one that stays is stopped. How the first ended
/// that did not end well, or else the last; none if one had to be stopped.
async fn leave(
    ground: &Ground,
    actors: &mut [Actor],
    listeners: &mut JoinSet<(usize, Ended)>,
) -> Result<Option<ExitStatus>, CommandError> {
    for actor in actors.iter() {
        actor.driver.farewell().await;
    }
    // What comes now is one outcome too many.
    let silence = async {
        while let Some(listened) = listeners.join_next().await {
            if let Ok((_, Ended::Broken(why))) = listened {
                return Err(CommandError::Driver(why));
            }
        }
        Ok(())
    };
    tokio::select! {
        silence = silence => silence?,
        () = ground.clock.sleep(GOODBYE) => {}
    }
    let mut worst: Option<ExitStatus> = None;
    let mut stayed = false;
    for actor in actors.iter_mut() {
        match wait(ground, &mut actor.started).await {
            Some(status) if worst.is_none_or(|w| w.success()) => worst = Some(status),
            Some(_) => {}
            None => {
                stayed = true;
                actor.started.stop().await;
            }
        }
    }
    Ok(worst.filter(|_| !stayed))
}

/// How a process ended, if it does so in time.
async fn wait(ground: &Ground, started: &mut Started) -> Option<ExitStatus> {
    tokio::select! {
        biased;
        status = started.wait() => status.ok(),
        () = ground.clock.sleep(GOODBYE) => None,
    }
}

/// All calls were made, and the endpoint has seen none of them.
fn unheard(program: &str, actors: &[Actor]) -> String {
    let error = actors.iter().find_map(|a| a.driver.first_error());
    let error = error.map_or_else(String::new, |error| format!("; the first error was {error}"));
    format!(
        "no request arrived from `{program}` although all its calls have ended{error}; does it call the address in AWS_ENDPOINT_URL?"
    )
}

/// Calls, in words.
fn numbers(calls: &[u64]) -> String {
    const SHOWN: usize = 5;
    let list: Vec<String> = calls.iter().take(SHOWN).map(u64::to_string).collect();
    match (calls.len(), calls.len() - list.len()) {
        (0, _) => "with no call unanswered".to_owned(),
        (1, _) => format!("with call {} unanswered", list[0]),
        (_, 0) => format!("with calls {} unanswered", list.join(", ")),
        (_, more) => format!("with calls {} and {more} more unanswered", list.join(", ")),
    }
}

/// The seed of a client's own generator: such a number as JavaScript, too, can hold.
fn seed(play: &CommandPlay<'_>, client: u32) -> u64 {
    play.seed.named("driver", client).bits() >> 11
}

fn start_line(play: &CommandPlay<'_>, driven: &Driven, client: u32) -> Start {
    Start {
        brownout: VERSION,
        client,
        seed: seed(play, client),
        services: workload::services(play.scenario),
        config: driven.config(),
    }
}

impl Actor {
    fn start(unpacked: &Unpacked, play: &CommandPlay<'_>, ground: &Ground, client: u32) -> Result<Self, CommandError> {
        let command = unpacked.command();
        let program = command.first().cloned().unwrap_or_default();
        let (started, stdin, stdout) = start_piped(command, &ground.seal(client)).map_err(|e| {
            unpacked.missing(&e).map_or_else(|| CommandError::start(&program, &e), CommandError::Driver)
        })?;
        let member = started.id().map(|id| ground.company.joins(id));
        let pipe = (play.time == Time::Warp).then(|| stdin.as_fd().try_clone_to_owned().ok()).flatten();
        let unread = ground.company.pipe(pipe);
        let driver = Driver::new(stdin, unread, ground.endpoint.callers(), ground.clock.clone());
        Ok(Self { started, driver, lines: Some(Lines::new(stdout)), _member: member })
    }

    /// Waits for its hello.
    async fn hello(&mut self, unpacked: &Unpacked, ground: &Ground) -> Result<Hello, CommandError> {
        let Some(lines) = &mut self.lines else { return Err(CommandError::Driver(String::new())) };
        let said = tokio::select! {
            biased;
            said = self.driver.hello(lines) => said,
            () = ground.clock.sleep(HELLO) => {
                let program = unpacked.command().first().cloned().unwrap_or_default();
                let why = format!("has said nothing for {} s", HELLO.as_secs());
                return Err(CommandError::Driver(wanted(&program, &why)));
            }
        };
        match said {
            Ok(hello) => Ok(hello),
            Err(Ended::Broken(why)) => Err(CommandError::Driver(why)),
            Err(Ended::Closed) => {
                let program = unpacked.command().first().cloned().unwrap_or_default();
                let how =
                    wait(ground, &mut self.started).await.map_or_else(|| "it closed its output".to_owned(), words);
                let why = format!("ended ({how}) and has said nothing");
                Err(CommandError::Driver(wanted(&program, &why)))
            }
        }
    }
}

fn wanted(program: &str, why: &str) -> String {
    format!(
        "the driver `{program}` {why}; its first line on standard output is {{\"hello\":1,\"client\":\"NAME\"}}, flushed \
         (`docs/driver.md` has an example)"
    )
}
