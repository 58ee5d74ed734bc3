//! How a call ended, in the words that all clients of the suite use: code and status.

use std::fmt::Display;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value, json};

/// A call or a story: well, or with an error.
pub(crate) type Ended = Result<(), Failure>;

/// What the SDK reports of an error.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) status: u16,
}

impl<E: ProvideErrorMetadata> From<SdkError<E, HttpResponse>> for Failure {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
        Self { code: code(&error).unwrap_or_else(|| "no code".to_owned()), status }
    }
}

/// The code of the service's error, if it has one, or what the SDK calls an answer that is none of the service's.
fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<String> {
    let other = match error {
        SdkError::ServiceError(service) => return service.err().code().map(str::to_owned),
        SdkError::DispatchFailure(_) => "DispatchFailure",
        SdkError::ResponseError(_) => "ResponseError",
        SdkError::TimeoutError(_) => "TimeoutError",
        // What never left (a parameter is missing, no credentials) must not pass for an answer of the service.
        _ => panic!("the request was not made"),
    };
    Some(other.to_owned())
}

/// What goes wrong within a stream: the answer began with 200, and the error may be known by its shape alone, whose
/// name its words begin with.
pub(crate) fn in_stream<E: ProvideErrorMetadata + Display, R>(error: &SdkError<E, R>) -> Failure {
    let shape = || error.as_service_error().map_or_else(String::new, ToString::to_string);
    let code = code(error).unwrap_or_else(|| shape().split(':').next().unwrap_or_default().to_owned());
    Failure { code, status: 200 }
}

/// What is printed.
#[derive(Debug)]
pub(crate) struct Told {
    code: String,
    status: u16,
}

impl From<Ended> for Told {
    fn from(ended: Ended) -> Self {
        match ended {
            Ok(()) => Self { code: String::new(), status: 200 },
            Err(Failure { code, status }) => Self { code, status },
        }
    }
}

impl From<Told> for Value {
    fn from(told: Told) -> Self {
        json!({"code": told.code, "status": told.status})
    }
}
