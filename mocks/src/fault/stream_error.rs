//! A stream of events that ends with an exception.
//!
//! The answer begins well, with status 200 and its first events; then an exception takes the place of the
//! rest. SDKs hand it to whoever reads the stream and do not retry: what to do with half an answer is the
//! application's matter. An error before the stream begins is an ordinary one (`throttle`, `error`), and is
//! retried. In the journal such an answer has a code and no class, since no retry is due.
//!
//! Only for operations that stream: `ConverseStream` and `InvokeModelWithResponseStream` of Bedrock's runtime.
//!
//! ## Source
//! bedrock-runtime-api (the exceptions in `ConverseStreamOutput` and `ResponseStream`)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Effect, Inject};
use crate::protocol::event_stream::Message;
use crate::request::Attempt;
use crate::service::wire_error;

/// Parameters of `stream_error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamError {
    /// Type of the exception, as in the stream: `throttlingException`. Default: `modelStreamErrorException`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Events that come before it. Default: 1, so that the stream has begun.
    #[serde(default = "default_after")]
    #[schemars(range(max = 1_000_000))]
    pub after: u64,
}

fn default_after() -> u64 {
    1
}

impl Inject for StreamError {
    fn effect(&self) -> Effect {
        Effect::Before
    }

    fn unfit(&self, attempt: &Attempt) -> Option<&'static str> {
        let streams = !attempt.service.stream_exceptions(&attempt.operation).is_empty();
        (!streams).then_some("its answer is no stream")
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let (service, attempt) = (at.attempt.service, at.attempt);
        let usual = service.stream_exceptions(&attempt.operation).first().copied().unwrap_or_default();
        let code = self.code.as_deref().unwrap_or(usual);
        // The catalogue calls it as an ordinary error is called, with a capital.
        let error = wire_error(service, &capital(code));
        let mut payload: serde_json::Map<_, _> = error.members.into_iter().collect();
        payload.insert("message".to_owned(), error.message.into());
        let mut events = service.stream(attempt);
        events.truncate(usize::try_from(self.after).unwrap_or(usize::MAX));
        events.push(Message::exception(code, &payload.into()));
        let done = service.stream_answer(attempt, &events);
        let mut reply = attempt.protocol.answer(service, &attempt.operation, &done, &at.world.request_id());
        reply.code = Some(code.to_owned());
        Decision::Answer(Box::new(reply))
    }
}

/// The same word with a capital.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
