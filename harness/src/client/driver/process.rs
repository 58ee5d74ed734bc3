//! A running driver: it is handed its calls when they are due, and its lines are taken for their outcomes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brownout_mocks::clock::Clock;
use brownout_mocks::endpoint::Callers;
use brownout_mocks::journal::micros;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWriteExt as _};
use tokio::process::ChildStdin;
use tokio::sync::{Semaphore, oneshot};

use super::{Asked, Hello, Lines, Said, Start, Told, read};
use crate::client::{BoxFuture, Call, CallClient, Heard, Turn};
use crate::warp::Unread;

/// One process that speaks the driver protocol. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Driver(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where its calls go; nothing once there are no more.
    pipe: tokio::sync::Mutex<Option<(ChildStdin, Unread)>>,
    calls: Mutex<Calls>,
    turns: Arc<Semaphore>,
    callers: Callers,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Calls {
    /// The highest number that was handed over.
    last: u64,
    /// Those that have not been answered.
    open: BTreeMap<u64, oneshot::Sender<Told>>,
    /// The first error that a call ended with, for people.
    first_error: Option<String>,
}

/// Why a driver says no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Its output is at its end.
    Closed,
    /// It broke the protocol, or says that it cannot go on: a sentence.
    Broken(String),
}

impl Driver {
    /// A driver whose calls go down this pipe. `unread` shows in warp time what it has not read yet.
    pub fn new(pipe: ChildStdin, unread: Unread, callers: Callers, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            pipe: tokio::sync::Mutex::new(Some((pipe, unread))),
            calls: Mutex::default(),
            turns: Arc::new(Semaphore::new(0)),
            callers,
            clock,
        }))
    }

    /// Says who asks.
    pub async fn begin(&self, start: &Start) {
        self.send(start).await;
    }

    /// Waits for who answers.
    pub async fn hello<R: AsyncRead + Unpin>(&self, lines: &mut Lines<R>) -> Result<Hello, Ended> {
        let line = match lines.next().await {
            Ok(None) => return Err(Ended::Closed),
            Ok(Some(line)) => line,
            Err(why) => return Err(broken(lines, &why)),
        };
        match read(&line, false) {
            Ok(Said::Hello(hello)) => {
                self.0.turns.add_permits(hello.concurrency as usize);
                Ok(*hello)
            }
            Ok(Said::Cannot(cannot)) => Err(Ended::Broken(super::sentence(&cannot.cannot))),
            Ok(Said::Told(_)) => Err(broken(lines, "tells of a call before the driver has said hello")),
            Err(why) => Err(broken(lines, &why)),
        }
    }

    /// Takes its lines until there are no more, or one is wrong.
    pub async fn listen<R: AsyncRead + Unpin>(&self, lines: &mut Lines<R>) -> Ended {
        loop {
            let line = match lines.next().await {
                Ok(None) => return Ended::Closed,
                Ok(Some(line)) => line,
                Err(why) => return broken(lines, &why),
            };
            match read(&line, true) {
                Ok(Said::Told(told)) => {
                    if let Err(why) = self.take(*told) {
                        return broken(lines, &why);
                    }
                }
                Ok(Said::Cannot(cannot)) => {
                    let which = cannot.call.map_or_else(String::new, |call| format!("call {call}: "));
                    return Ended::Broken(format!("{which}{}", super::sentence(&cannot.cannot)));
                }
                Ok(Said::Hello(_)) => return broken(lines, "is a second hello; one is enough"),
                Err(why) => return broken(lines, &why),
            }
        }
    }

    fn take(&self, told: Told) -> Result<(), String> {
        let mut calls = self.lock();
        let Some(waiting) = calls.open.remove(&told.call) else {
            let number = told.call;
            return Err(if number == 0 || number > calls.last {
                let known = match calls.last {
                    0 => "none has been asked for yet".to_owned(),
                    last => format!("those asked for so far are 1 to {last}"),
                };
                format!("tells of call {number}, and there is no such call: {known}")
            } else {
                format!("tells of call {number} again; each call has one outcome")
            });
        };
        if let (None, Some(code)) = (&calls.first_error, &told.code) {
            let message = told.message.as_deref().map_or_else(String::new, |m| format!(": {}", super::excerpt(m)));
            calls.first_error = Some(format!("`{}`{message}", super::excerpt(code)));
        }
        // Whoever asked may be gone, at the end of a play.
        let _ = waiting.send(told);
        Ok(())
    }

    /// Says that there are no more calls: closes its input.
    pub async fn farewell(&self) {
        self.0.pipe.lock().await.take();
    }

    /// The calls that have not been answered.
    pub fn unanswered(&self) -> Vec<u64> {
        self.lock().open.keys().copied().collect()
    }

    /// The first error that a call ended with.
    pub fn first_error(&self) -> Option<String> {
        self.lock().first_error.clone()
    }

    /// A line to the driver. One that no longer reads has ended, which shows elsewhere.
    async fn send(&self, line: &impl Serialize) {
        let mut text = serde_json::to_string(line).unwrap_or_default();
        text.push('\n');
        if let Some((pipe, _)) = self.0.pipe.lock().await.as_mut() {
            let _ = pipe.write_all(text.as_bytes()).await;
            let _ = pipe.flush().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line that is wrong, with its number.
fn broken<R: AsyncRead + Unpin>(lines: &Lines<R>, why: &str) -> Ended {
    Ended::Broken(format!("line {} of the driver's output {why}", lines.number()))
}

impl CallClient for Driver {
    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Heard> {
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            {
                let mut calls = self.lock();
                calls.last = calls.last.max(call.tag.call);
                calls.open.insert(call.tag.call, tell);
            }
            let _calling = self.0.callers.begin(call.tag, call.service.id(), &call.operation);
            let asked = Asked {
                call: call.tag.call,
                service: call.service.id(),
                operation: &call.operation,
                params: &call.params,
                at_ms: micros(self.0.clock.now()) / 1_000,
                tag: call.tag.to_value(),
            };
            self.send(&asked).await;
            match told.await {
                Ok(told) => Heard {
                    outcome: told.outcome(),
                    code: told.code.map(|code| super::excerpt(&code)),
                    status: told.status,
                    body: bytes::Bytes::new(),
                },
                // The driver is gone, and the play with it.
                Err(_) => std::future::pending().await,
            }
        })
    }

    fn turn(&self) -> BoxFuture<'_, Turn> {
        Box::pin(async { Arc::clone(&self.0.turns).acquire_owned().await.ok() })
    }
}
