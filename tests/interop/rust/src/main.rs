//! The AWS SDK for Rust as a client of brownout: one call, or a service's story, told on standard output as one line
//! of JSON.
//!
//! ```text
//! brownout-interop-rust SERVICE OPERATION      one call; says how it ended
//! brownout-interop-rust SERVICE story          several calls whose answers must parse and agree with each other
//! brownout-interop-rust SERVICE errors CODE:OPERATION…    one call each, all at once, that names its code in a header
//! ```
//!
//! Endpoint, credentials and retry mode come from the environment alone: that is what is being tested.

mod service;
mod setup;
mod told;

use serde_json::{Map, Value};
use setup::Setup;
use told::Told;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [service, what, cases @ ..] = words.as_slice() else {
        eprintln!("error: which service, and which operation, `story` or `errors`?");
        std::process::exit(2);
    };
    let setup = Setup::load().await;
    let told = if what == "errors" {
        errors(service, cases, &setup).await
    } else {
        Told::from(service::play(service, what, setup).await).into()
    };
    println!("{told}");
}

/// One call for each `CODE:OPERATION`, all at once since they mostly wait.
async fn errors(service: &str, cases: &[String], setup: &Setup) -> Value {
    let mut calls = tokio::task::JoinSet::new();
    for case in cases {
        let (code, operation) = case.rsplit_once(':').expect("a case is CODE:OPERATION");
        let (service, code, operation) = (service.to_owned(), code.to_owned(), operation.to_owned());
        let setup = setup.named(&code);
        calls.spawn(async move { (code, Told::from(service::play(&service, &operation, setup).await)) });
    }
    let told = calls.join_all().await;
    Value::Object(told.into_iter().map(|(code, told)| (code, told.into())).collect::<Map<_, _>>())
}
