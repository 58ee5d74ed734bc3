//! Bedrock: whole answers, and answers as streams of events.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::operation::converse_stream::builders::ConverseStreamFluentBuilder;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, ConverseStreamOutput, Message, ResponseStream, StopReason,
};
use serde_json::Value;

use super::unknown;
use crate::told::{Ended, Failure, in_stream};

const MODEL: &str = "some.model:1";

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "InvokeModel" => drop(c.invoke_model().model_id("some.model").body(Blob::new("{}")).send().await?),
        "ConverseStream" => drop(deltas(c.converse_stream().model_id("some.model").messages(hello())).await?),
        other => unknown(other),
    }
    Ok(())
}

fn hello() -> Message {
    let text = ContentBlock::Text("hello".to_owned());
    Message::builder().role(ConversationRole::User).content(text).build().expect("all that it needs")
}

/// Reads a talk to its end; gives its text.
async fn deltas(talk: ConverseStreamFluentBuilder) -> Result<String, Failure> {
    let mut stream = talk.send().await?.stream;
    let mut said = String::new();
    while let Some(event) = stream.recv().await.map_err(|e| in_stream(&e))? {
        if let ConverseStreamOutput::ContentBlockDelta(block) = event {
            let delta = block.delta().expect("a delta in its event");
            said += delta.as_text().expect("a delta of text");
        }
    }
    Ok(said)
}

pub(crate) async fn story(c: &Client) -> Ended {
    let prompt = || Blob::new(r#"{"prompt":"hello"}"#);
    let answer = c.invoke_model().model_id(MODEL).body(prompt()).send().await?;
    let answer: Value = serde_json::from_slice(answer.body().as_ref()).expect("an answer in JSON");
    assert!(answer["content"][0]["text"].is_string(), "{answer}");

    let talk = c.converse().model_id(MODEL).messages(hello()).send().await?;
    assert_eq!(talk.stop_reason(), &StopReason::EndTurn);
    let output = talk.output().expect("something was said");
    let said = output.as_message().expect("a message").content()[0].as_text().expect("a text").clone();
    assert_eq!(deltas(c.converse_stream().model_id(MODEL).messages(hello())).await?, said);

    let mut stream = c.invoke_model_with_response_stream().model_id(MODEL).body(prompt()).send().await?.body;
    let mut streamed = String::new();
    while let Some(event) = stream.recv().await.map_err(|e| in_stream(&e))? {
        let ResponseStream::Chunk(part) = event else { panic!("an event that nobody knows: {event:?}") };
        let bytes = part.bytes().expect("a chunk with bytes");
        let chunk: Value = serde_json::from_slice(bytes.as_ref()).expect("a chunk in JSON");
        streamed += chunk["delta"]["text"].as_str().unwrap_or_default();
    }
    assert_eq!(streamed, said);
    Ok(())
}
