//! Playing scenarios, for the tests.

use brownout::client::{self, ClientEntry, Player};
use brownout::runner::{EVENTS_MAX, Play};
use brownout::scenario::{Scenario, library};
use brownout::session::{self, Settings, Who};
use brownout_mocks::clock::Time;
use brownout_mocks::journal::{Segment, Trial, write_trial};
use brownout_mocks::random::Seed;

/// A scenario of the library.
pub(crate) fn shipped(name: &str) -> Scenario {
    let shipped = library::find(name).unwrap_or_else(|| panic!("no scenario {name}"));
    Scenario::parse(shipped.name, shipped.text).unwrap_or_else(|d| panic!("{}", d.render(false)))
}

/// The whole library.
pub(crate) fn library_scenarios() -> Vec<Scenario> {
    library::all().iter().map(|s| shipped(s.name)).collect()
}

/// A client.
pub(crate) fn client(id: &str) -> &'static ClientEntry {
    client::find(id).unwrap_or_else(|| panic!("no client {id}"))
}

/// One trial in virtual time.
pub(crate) fn trial(scenario: &Scenario, id: &str, seed: u64, number: u64) -> Trial {
    let play = Play {
        scenario,
        client: &Player::listed(client(id), &Vec::new()),
        time: Time::Virtual,
        seed: Seed { run: seed, trial: number },
        segment: Segment::Run,
        run: 0,
        profile: "documented",
        clients: None,
        explain: false,
        client_timeout: None,
        tls: false,
        events_max: EVENTS_MAX,
    };
    play.play().unwrap()
}

/// A trial as it stands in a journal file.
pub(crate) fn bytes(trial: &Trial) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_trial(&mut bytes, &trial.header, &trial.events).unwrap();
    bytes
}

/// A whole run, as the command plays it.
pub(crate) fn run(scenario: &Scenario, id: &str, settings: &Settings) -> brownout::judge::RunReport {
    let who = Who::Client(client(id), Vec::new());
    session::run(scenario, &who, settings, 0).unwrap().report
}
