//! Any command as a client, in warp or wall time: a sealed environment that points every SDK at us and nowhere
//! else, and a trap for what would have left all the same.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use brownout_mocks::endpoint::CREDENTIALS;
use brownout_mocks::request::access_key;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::warp::Stage;

/// Variables of the caller that choose how an SDK retries: they reach the client. All other `AWS_*` are
/// taken away, real credentials, profiles and endpoints among them.
const KEPT: &[&str] = &[
    "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS",
    "AWS_NEW_RETRIES_2026",
    "AWS_DEFAULTS_MODE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_EXECUTION_ENV",
];

/// The caller's settings that reach the client, for whoever wants to repeat a run.
pub fn retry_settings() -> impl Iterator<Item = (String, String)> {
    KEPT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
}

/// What a client's environment points at.
#[derive(Debug, Clone)]
pub struct Seal {
    /// Where the endpoint listens: `http://127.0.0.1:4566`.
    pub endpoint: String,
    /// Where the trap for everything else listens.
    pub trap: SocketAddr,
    /// Index of the client.
    pub client: u32,
    /// Whether its credentials come from the endpoint, and can be fetched anew, instead of standing in the
    /// environment.
    pub session: bool,
    /// The file of the authority that is to be trusted, with TLS.
    pub authority: Option<PathBuf>,
    /// What it is warped with, in warp time.
    pub warp: Option<Stage>,
}

/// How SDKs, Node, OpenSSL, requests and curl are told whom to trust.
pub const TRUST: &[&str] =
    &["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// The certificate of an authority in a file of its own, as long as this lives.
#[derive(Debug)]
pub struct Authority(tempfile::NamedTempFile);

impl Authority {
    /// Writes it, for its owner alone to read.
    pub fn keep(pem: &str) -> std::io::Result<Self> {
        let mut file = tempfile::Builder::new().prefix("brownout-").suffix(".pem").tempfile()?;
        std::io::Write::write_all(&mut file, pem.as_bytes())?;
        Ok(Self(file))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Seal {
    /// What to set, and which of the caller's variables to take away.
    pub fn environment(&self, inherited: impl Iterator<Item = String>) -> (Vec<(String, String)>, Vec<String>) {
        let removed = inherited
            .filter(|name| {
                let upper = name.to_ascii_uppercase();
                (upper.starts_with("AWS_") || upper.starts_with("BOTO_") || upper.ends_with("_PROXY"))
                    && !KEPT.contains(&name.as_str())
            })
            .collect();
        let endpoint = self.endpoint.as_str();
        let trap = format!("http://{}", self.trap);
        let mut set: Vec<(String, String)> = [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("NO_PROXY", "127.0.0.1,localhost,::1"),
            ("no_proxy", "127.0.0.1,localhost,::1"),
            ("BROWNOUT_ENDPOINT", endpoint),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let mut put = |name: &str, value: String| set.push((name.to_owned(), value));
        if self.session {
            let from = format!("{endpoint}{CREDENTIALS}?client={}", self.client);
            put("AWS_CONTAINER_CREDENTIALS_FULL_URI", from);
        } else {
            put("AWS_ACCESS_KEY_ID", access_key(self.client));
            put("AWS_SECRET_ACCESS_KEY", "brownout-secret-brownout-secret-00000000".to_owned());
        }
        if let Some(authority) = &self.authority {
            for name in TRUST {
                put(name, authority.display().to_string());
            }
        }
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            put(name, trap.clone());
        }
        (set, removed)
    }
}

/// What there is to say about a client after its play.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    /// Its id.
    pub(crate) client: String,
    /// Its version.
    pub(crate) version: String,
    /// Its settings, and what became of it.
    pub(crate) note: Option<String>,
    /// Where its clock could not skip.
    pub(crate) time_note: Option<String>,
    /// What it says it honours beyond its profile.
    pub(crate) honours: Vec<String>,
    /// Whether its demand is its own.
    pub(crate) owns_demand: bool,
}

/// A started client with all its children.
#[derive(Debug)]
pub struct Started {
    child: Child,
    group: Option<rustix::process::Pid>,
}

/// Starts a command in the sealed environment, in a process group of its own.
pub fn start(command: &[String], seal: &Seal) -> std::io::Result<Started> {
    started(&mut prepared(command, seal)?)
}

/// The same with lines to and from it.
pub fn start_piped(command: &[String], seal: &Seal) -> std::io::Result<(Started, ChildStdin, ChildStdout)> {
    let mut started = started(prepared(command, seal)?.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    let missing = || std::io::Error::other("it has no pipes");
    let stdin = started.child.stdin.take().ok_or_else(missing)?;
    let stdout = started.child.stdout.take().ok_or_else(missing)?;
    Ok((started, stdin, stdout))
}

/// The same for one call: with nothing but its errors heard, and some variables of its own.
pub fn start_call(
    command: &[String],
    seal: &Seal,
    environment: &[(String, String)],
) -> std::io::Result<(Started, ChildStderr)> {
    let mut prepared = prepared(command, seal)?;
    prepared.envs(environment.iter().cloned()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut started = started(&mut prepared)?;
    let stderr = started.child.stderr.take().ok_or_else(|| std::io::Error::other("it has no pipe"))?;
    Ok((started, stderr))
}

fn prepared(command: &[String], seal: &Seal) -> std::io::Result<Command> {
    let (program, arguments) = command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let inherited = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let (set, removed) = seal.environment(inherited);
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).process_group(0).kill_on_drop(true);
    for name in removed {
        command.env_remove(name);
    }
    command.envs(set);
    if let Some(stage) = &seal.warp {
        command.envs(stage.environment(std::env::var("LD_PRELOAD").ok().as_deref()));
    }
    Ok(command)
}

fn started(command: &mut Command) -> std::io::Result<Started> {
    let child = command.spawn()?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    Ok(Started { child, group })
}

impl Started {
    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for the command itself.
    pub async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends the command and all that it started: asks first, insists half a second later.
    pub async fn stop(&mut self) {
        self.signal(rustix::process::Signal::TERM);
        if tokio::time::timeout(Duration::from_millis(500), self.child.wait()).await.is_err() {
            self.signal(rustix::process::Signal::KILL);
            let _ = self.child.wait().await;
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Children that outlive the command would go on calling an endpoint that is gone.
        self.signal(rustix::process::Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_keeps_retry_settings_and_takes_real_credentials_away() {
        let inherited =
            ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_RETRY_MODE", "AWS_ENDPOINT_URL_S3", "https_proxy", "PATH"]
                .map(str::to_owned);
        let seal = Seal {
            endpoint: "http://127.0.0.1:4566".to_owned(),
            trap: ([127, 0, 0, 1], 4567).into(),
            client: 3,
            session: false,
            authority: None,
            warp: None,
        };
        let (set, removed) = seal.environment(inherited.into_iter());
        assert_eq!(removed, ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "https_proxy"]);
        let get = |name: &str| set.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        assert_eq!(get("AWS_ENDPOINT_URL"), Some("http://127.0.0.1:4566"));
        assert_eq!(get("HTTPS_PROXY"), Some("http://127.0.0.1:4567"));
        assert_eq!(get("AWS_ACCESS_KEY_ID"), Some("AKIABROWNOUT00000003"));
    }
}
