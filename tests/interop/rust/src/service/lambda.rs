//! Lambda.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;

use super::unknown;
use crate::told::{Ended, Failure};

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "Invoke" => {
            let answer = c.invoke().function_name("work").payload(Blob::new("{}")).send().await?;
            if answer.function_error().is_none() {
                return Ok(());
            }
            // A failed function is no error of the SDK: the answer says so.
            let payload = answer.payload().map(Blob::as_ref).unwrap_or_default();
            let payload: Value = serde_json::from_slice(payload).expect("a payload in JSON");
            let code = payload["errorType"].as_str().expect("the type of the error").to_owned();
            Err(Failure { code, status: 200 })
        }
        other => unknown(other),
    }
}

pub(crate) async fn story(c: &Client) -> Ended {
    let answer = c.invoke().function_name("work").payload(Blob::new(r#"{"n":1}"#)).send().await?;
    assert_eq!((answer.status_code(), answer.function_error()), (200, None));
    let payload = answer.payload().expect("a payload");
    serde_json::from_slice::<Value>(payload.as_ref()).expect("a payload in JSON");
    let function = c.get_function_configuration().function_name("work").send().await?;
    assert_eq!(function.function_name(), Some("work"));
    Ok(())
}
