//! A small language for journals made by hand.

use brownout_mocks::clock::Time;
use brownout_mocks::journal::{
    Answered, By, Event, EventKind, Header, How, Outcome, PartlyFailed, Received, Segment, Trial,
};
use brownout_mocks::service::Class;

use crate::guidance;
use crate::judge::{Judge, RunReport};
use crate::scenario::Document;

pub(crate) const MS: u64 = 1_000;

pub(crate) fn document() -> Document {
    serde_json::from_value(serde_json::json!({"brownout": 1, "name": "t", "title": "t", "service": "s3"})).unwrap()
}

pub(crate) fn header(trial: u64) -> Header {
    Header {
        journal: 1,
        run: 0,
        segment: Segment::Run,
        trial,
        scenario_name: "t".into(),
        scenario_text: String::new(),
        seed: 1,
        client: "test".into(),
        client_version: String::new(),
        client_note: None,
        profile: "documented".into(),
        profile_text: None,
        time: Time::Virtual,
        time_note: None,
        epoch: None,
        tool: "test".into(),
        honours: Vec::new(),
        owns_demand: false,
        repeat: None,
        estimated: false,
    }
}

/// One trial in the making. Time only moves where it is told to.
pub(crate) struct Story {
    pub(crate) trial: Trial,
    pub(crate) now: u64,
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) target: Option<String>,
    pub(crate) max: Option<u32>,
    pub(crate) user_agent: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) tagged: bool,
    pub(crate) session: Option<u64>,
    pub(crate) entries: Vec<&'static str>,
    pub(crate) date_off_s: Option<i64>,
    pub(crate) fault: &'static str,
    seq: u64,
    invocation: u64,
    attempt: u32,
}

/// What the endpoint answers.
#[derive(Clone, Copy)]
pub(crate) enum Told {
    Fine,
    Error(&'static str, u16, Class),
    Hint(u64),
    /// `x-amz-retry-after`, whole milliseconds or not.
    Amz(&'static str, Class),
    /// A good answer to a batch; these entries failed.
    Partly(&'static [u64], &'static str),
    Reset,
}

pub(crate) const THROTTLE: Told = Told::Error("ThrottlingException", 400, Class::Throttling);
pub(crate) const BUSY: Told = Told::Error("InternalError", 500, Class::Transient);
pub(crate) const GONE: Told = Told::Error("NoSuchKey", 404, Class::Permanent);
pub(crate) const HIDDEN: Told = Told::Error("InvalidInstanceID.NotFound", 400, Class::NotVisible);
pub(crate) const SPENT: Told = Told::Error("LimitExceededException", 429, Class::Quota);

impl Story {
    pub(crate) fn new(trial: u64) -> Self {
        Self {
            trial: Trial { header: header(trial), events: Vec::new() },
            now: 0,
            service: "s3".into(),
            operation: "GetObject".into(),
            target: None,
            max: None,
            user_agent: None,
            date: None,
            tagged: true,
            session: None,
            entries: Vec::new(),
            date_off_s: None,
            fault: "throttle",
            seq: 0,
            invocation: 0,
            attempt: 0,
        }
    }

    pub(crate) fn push(&mut self, kind: EventKind) {
        self.trial.events.push(Event { at_us: self.now, kind });
    }

    pub(crate) fn call(&mut self) -> &mut Self {
        self.invocation += 1;
        self.attempt = 0;
        if self.tagged {
            let (service, operation) = (self.service.clone(), self.operation.clone());
            self.push(EventKind::CallStarted {
                call: self.invocation,
                client: 0,
                service,
                operation,
                target: self.target.clone(),
            });
        }
        self
    }

    /// An attempt `pause` microseconds from now, answered at once.
    pub(crate) fn attempt(&mut self, pause: u64, told: Told) -> &mut Self {
        self.now += pause;
        self.seq += 1;
        self.attempt += 1;
        let received = Received {
            seq: self.seq,
            connection: 1,
            client: 0,
            account: String::new(),
            call: self.tagged.then_some(self.invocation),
            invocation: self.invocation,
            attempt: self.attempt,
            resend: false,
            service: self.service.clone(),
            operation: self.operation.clone(),
            target: self.target.clone(),
            ids: Vec::new(),
            protocol: String::new(),
            body_bytes: 0,
            body_hash: None,
            token_hash: None,
            sdk_attempt: self.max.map(|_| self.attempt),
            sdk_max: self.max,
            date: self.date.clone(),
            user_agent: self.user_agent.clone().filter(|_| self.seq == 1),
            unmodelled: false,
            session: self.session,
            entries: self.entries.iter().map(ToString::to_string).collect(),
        };
        self.push(EventKind::AttemptReceived(Box::new(received)));
        let (seq, now) = (self.seq, self.now);
        if !matches!(told, Told::Fine) {
            self.push(EventKind::StepDecided {
                seq,
                step: Some("burst".into()),
                faults: vec![self.fault.into()],
                admitted: Vec::new(),
                why: Vec::new(),
            });
        }
        let (mut amz, mut invalid) = (None, None);
        let (code, status, class, retry_after_ms) = match told {
            Told::Reset => {
                self.push(EventKind::ConnectionClosed {
                    step: None,
                    connection: 1,
                    seq: Some(seq),
                    by: By::Fault,
                    how: How::Reset,
                });
                return self;
            }
            Told::Fine | Told::Partly(..) => (None, 200, None, None),
            Told::Amz(text, class) => {
                amz = text.parse().ok();
                invalid = Some(text.to_owned()).filter(|_| amz.is_none());
                let throttled = class == Class::Throttling;
                let (code, status) = if throttled { ("ThrottlingException", 400) } else { ("InternalError", 500) };
                (Some(code), status, Some(class), None)
            }
            Told::Error(code, status, class) => (Some(code), status, Some(class), None),
            Told::Hint(ms) => (Some("TooManyRequestsException"), 429, Some(Class::Throttling), Some(ms)),
        };
        self.push(EventKind::Answered(Box::new(Answered {
            seq,
            status,
            code: code.filter(|c| !c.is_empty()).map(str::to_owned),
            class,
            retry_after_ms,
            x_amz_retry_after_ms: amz,
            invalid_hint: invalid,
            date_off_s: self.date_off_s,
            partly_failed: if let Told::Partly(entries, code) = told {
                Some(PartlyFailed { entries: entries.to_vec(), code: code.to_owned() })
            } else {
                None
            },
            body_bytes: 0,
            cut: false,
            first_byte_us: now,
            last_byte_us: now,
            effect: false,
            created: Vec::new(),
            unsettled: false,
        })));
        self
    }

    pub(crate) fn finish(&mut self, success: bool) -> &mut Self {
        let outcome = if success { Outcome::Success } else { Outcome::Error };
        self.push(EventKind::CallFinished { call: self.invocation, client: 0, outcome, code: None });
        self
    }

    pub(crate) fn end(mut self) -> Trial {
        self.push(EventKind::ClientEnded { exit: Some(0), signal: None });
        self.trial
    }
}

/// Judges trials by a profile.
pub(crate) fn judged(profile: &str, trials: &[Trial]) -> RunReport {
    let mut judge = Judge::new(&document(), guidance::find(profile).unwrap(), &trials[0].header);
    for trial in trials {
        judge.push(trial);
    }
    judge.report()
}

/// The rules that failed.
pub(crate) fn failed(report: &RunReport) -> Vec<&'static str> {
    report.rules.iter().filter(|r| r.verdict == crate::rule::Verdict::Fail).map(|r| r.id).collect()
}
