//! The AWS CLI: a process for each call. Versions 1 and 2 are different clients, so the report says which was found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use brownout_mocks::journal::Outcome;
use tokio::io::AsyncReadExt as _;
use tokio::sync::Semaphore;

use super::{DriverEntry, Key, Program, Unpacked, number, one_of, program, time};
use crate::client::command::{Seal, start_call};
use crate::client::driver::excerpt;
use crate::client::registry::Options;
use crate::client::{BoxFuture, Call, CallClient, Heard, Turn};
use crate::warp::Company;

mod words;

use words::{Answer, answer, kebab, options};

pub(super) static ENTRY: DriverEntry = DriverEntry {
    id: "aws-cli",
    title: "the AWS CLI, as `aws` on the path (BROWNOUT_AWS names another), a process for each call",
    needs: aws,
    keys: KEYS,
    prepare: |options| Ok(Program::PerCall(Arc::new(Cli::found(options)?))),
    missing,
};

const KEYS: &[Key] = &[
    one_of("retries.mode", &["legacy", "standard", "adaptive"]),
    number("retries.max_attempts"),
    time("timeouts.connect"),
    time("timeouts.read"),
];

/// How many processes run at a time: each takes the best part of a second of a core.
const AT_A_TIME: usize = 32;

/// Operations whose answer goes into a file, which has to be named; others say so themselves.
const INTO_A_FILE: &[(&str, &str)] = &[
    ("bedrock-runtime", "InvokeModel"),
    ("lambda", "Invoke"),
    ("polly", "SynthesizeSpeech"),
    ("s3", "GetObject"),
    ("s3", "GetObjectTorrent"),
];

/// As much as is read of what the CLI says of an error.
const SAID_MAX: u64 = 64 << 10;

fn aws() -> String {
    program("BROWNOUT_AWS", "aws")
}

fn missing() -> String {
    format!(
        "there is no program `{}`; install the AWS CLI (version 1: python3 -m pip install awscli), or name it in \
         BROWNOUT_AWS",
        aws()
    )
}

/// An AWS CLI that was found on this machine.
#[derive(Debug, Clone)]
pub struct Cli {
    program: String,
    /// As it says itself: `aws-cli/1.45.11 Python/3.11.7 …`
    says: String,
    options: Options,
}

impl Cli {
    /// What lies in the run's folder: a module that version 1 loads by itself, and that seeds its random generator.
    pub(super) const FILES: &[(&str, &str)] = &[("sitecustomize.py", include_str!("aws_cli_seed.py"))];

    fn found(options: &Options) -> Result<Self, String> {
        let program = aws();
        Ok(Self { says: version(&program)?, program, options: options.clone() })
    }

    pub(super) fn executable(&self) -> &str {
        &self.program
    }

    /// Its version.
    pub(super) fn version(&self) -> &str {
        self.says.split_whitespace().next().and_then(|word| word.split_once('/')).map_or("", |(_, version)| version)
    }

    /// Whether it is version 2, or what comes after that.
    fn second(&self) -> bool {
        !self.version().starts_with("1.") && !self.version().starts_with("0.")
    }

    /// What there is to say about it.
    pub(super) fn note(&self, options: &Options) -> String {
        let python = self.says.split_whitespace().find(|word| word.starts_with("Python/")).unwrap_or_default();
        let python = python.replace('/', " ").to_lowercase();
        let set = |name: &str| options.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let mode = set("retries.mode")
            .or_else(|| std::env::var("AWS_RETRY_MODE").ok())
            .unwrap_or_else(|| if self.second() { "standard" } else { "legacy" }.to_owned());
        let jitter = if self.second() { ", its jitter unseeded" } else { "" };
        let kind = if self.second() { "AWS CLI version 2" } else { "AWS CLI version 1" };
        let python = if python.is_empty() { String::new() } else { format!(", {python}") };
        format!("{kind}{python}, retry mode {}{jitter}, a process for each call", excerpt(&mode))
    }

    /// One client's way to make calls; `why` hears of what keeps it from making one at all.
    pub(crate) fn client(
        self: &Arc<Self>,
        seal: Seal,
        company: Company,
        seed: u64,
        unpacked: &Unpacked,
        obstacle: Obstacle,
    ) -> CliClient {
        CliClient {
            cli: Arc::clone(self),
            seal,
            company,
            seed,
            folder: unpacked.folder().to_owned(),
            obstacle,
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }
}

/// What the CLI says of its version, asked once.
fn version(program: &str) -> Result<String, String> {
    static KNOWN: OnceLock<Mutex<BTreeMap<String, String>>> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    if let Some(says) = known.lock().unwrap_or_else(PoisonError::into_inner).get(program) {
        return Ok(says.clone());
    }
    let output = Command::new(program).arg("--version").output().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => missing(),
        _ => format!("could not start `{program}`: {e}"),
    })?;
    // Old ones say it on standard error.
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let says = said
        .lines()
        .find(|line| line.starts_with("aws-cli/"))
        .ok_or_else(|| format!("`{program} --version` says `{}`, which is no AWS CLI", excerpt(&said)))?;
    known.lock().unwrap_or_else(PoisonError::into_inner).insert(program.to_owned(), says.to_owned());
    Ok(says.to_owned())
}

/// What keeps a client from making a call, through no fault of its own. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Obstacle(Arc<(Mutex<Option<String>>, tokio::sync::Notify)>);

impl Obstacle {
    fn met(&self, why: String) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        self.0.1.notify_one();
    }

    /// Ends when a client meets one, with a sentence about it.
    pub(crate) async fn hit(&self) -> String {
        loop {
            if let Some(why) = self.0.0.lock().unwrap_or_else(PoisonError::into_inner).clone() {
                return why;
            }
            self.0.1.notified().await;
        }
    }
}

/// One client.
#[derive(Debug)]
pub(crate) struct CliClient {
    cli: Arc<Cli>,
    seal: Seal,
    company: Company,
    seed: u64,
    folder: PathBuf,
    obstacle: Obstacle,
    turns: Arc<Semaphore>,
}

impl CliClient {
    /// `file`: for an operation whose answer goes into a file, which takes no JSON for its whole input.
    fn arguments(&self, call: &Call, file: bool) -> Vec<String> {
        let service = if call.service.id() == "s3" { "s3api" } else { call.service.id() };
        let mut words = vec![self.cli.program.clone(), service.to_owned(), kebab(&call.operation)];
        if file {
            words.extend(options(&call.params));
        } else {
            words.extend(["--cli-input-json".to_owned(), call.params.to_string()]);
        }
        if self.cli.second() {
            // Version 1 always takes bytes as they stand.
            words.extend(["--cli-binary-format", "raw-in-base64-out"].map(str::to_owned));
        }
        for (key, value) in &self.cli.options {
            let seconds = || value.parse::<u64>().map_or(1, |ms| ms.div_ceil(1_000)).to_string();
            match key.as_str() {
                "timeouts.connect" => words.extend(["--cli-connect-timeout".to_owned(), seconds()]),
                "timeouts.read" => words.extend(["--cli-read-timeout".to_owned(), seconds()]),
                _ => {}
            }
        }
        if file {
            words.push("/dev/null".to_owned());
        }
        words
    }

    fn environment(&self, call: &Call) -> Vec<(String, String)> {
        let mut set: Vec<(String, String)> = Vec::new();
        let mut put = |name: &str, value: String| set.push((name.to_owned(), value));
        put("AWS_PAGER", String::new());
        put("AWS_SDK_UA_APP_ID", call.tag.to_application());
        for (key, value) in &self.cli.options {
            match key.as_str() {
                "retries.mode" => put("AWS_RETRY_MODE", value.clone()),
                "retries.max_attempts" => put("AWS_MAX_ATTEMPTS", value.clone()),
                _ => {}
            }
        }
        if !self.cli.second() {
            // Each process would draw the same jitter if all had the client's seed.
            put("BROWNOUT_SEED", self.seed.wrapping_add(call.tag.call.wrapping_mul(0x9e37_79b9)).to_string());
            let folder = self.folder.display().to_string();
            let path = std::env::var("PYTHONPATH").ok().filter(|path| !path.is_empty());
            put("PYTHONPATH", path.map_or_else(|| folder.clone(), |path| format!("{folder}:{path}")));
        }
        set
    }

    async fn run(&self, words: &[String], call: &Call) -> Result<Answer, String> {
        let (mut started, stderr) = start_call(words, &self.seal, &self.environment(call))
            .map_err(|e| format!("could not start `{}`: {e}", self.cli.program))?;
        let _member = started.id().map(|id| self.company.joins(id));
        let mut said = Vec::new();
        let _ = stderr.take(SAID_MAX).read_to_end(&mut said).await;
        let status = started.wait().await.map_err(|e| format!("`{}` was lost: {e}", self.cli.program))?;
        Ok(answer(status.code(), &String::from_utf8_lossy(&said)))
    }
}

impl CallClient for CliClient {
    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Heard> {
        Box::pin(async move {
            let file = INTO_A_FILE.contains(&(call.service.id(), &call.operation));
            let mut answered = self.run(&self.arguments(call, file), call).await;
            if let (false, Ok(Answer::WantsAFile(_))) = (file, &answered) {
                // It has sent nothing yet.
                answered = self.run(&self.arguments(call, true), call).await;
            }
            let (outcome, code) = match answered {
                Ok(Answer::Success) => (Outcome::Success, None),
                Ok(Answer::Error(code)) => (Outcome::Error, Some(excerpt(&code))),
                Ok(Answer::WantsAFile(why) | Answer::Cannot(why)) | Err(why) => return self.stop(call, &why).await,
            };
            Heard { outcome, code, status: None, body: bytes::Bytes::new() }
        })
    }

    fn turn(&self) -> BoxFuture<'_, Turn> {
        Box::pin(async { Arc::clone(&self.turns).acquire_owned().await.ok() })
    }
}

impl CliClient {
    /// The play cannot go on: this call never ends.
    async fn stop(&self, call: &Call, why: &str) -> Heard {
        let kind = if self.cli.second() { "AWS CLI version 2" } else { "AWS CLI version 1" };
        let what = format!("call {} ({} {})", call.tag.call, call.service.id(), call.operation);
        self.obstacle.met(format!("the {kind} cannot make {what}: {}", excerpt(why)));
        std::future::pending().await
    }
}
