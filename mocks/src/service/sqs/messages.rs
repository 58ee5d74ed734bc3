//! Messages: sent, received, hidden for a while, deleted. Their order is the order in which they came.

use std::time::Duration;

use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::{Sqs, Stage, text};
use crate::journal::micros;
use crate::protocol::WireError;
use crate::service::form::structures;
use crate::service::wire_error;

/// A message; its id is the queue's name, a slash and its number.
const MESSAGE: &str = "message";

/// The number of the next message of a queue.
const COUNTER: &str = "message-counter";

/// How long a received message is hidden, unless the request says otherwise.
pub(super) const VISIBILITY: Duration = Duration::from_secs(30);

/// The most messages of one request.
const BATCH_MAX: usize = 10;

impl Stage<'_> {
    /// The ids of the queue's messages, the oldest first, and when each can be seen.
    fn messages(&self) -> impl Iterator<Item = (&str, u64)> {
        let prefix = format!("{}/", self.queue);
        let all = self.world.list(self.account, MESSAGE).filter(move |(id, _)| id.starts_with(&prefix));
        all.map(|(id, m)| (id, m.value.get("visible_us").and_then(Value::as_u64).unwrap_or(0)))
    }

    /// How many messages can be seen, and how many are hidden.
    pub(super) fn count(&self) -> (usize, usize) {
        let now = micros(self.world.now);
        let (visible, hidden): (Vec<_>, Vec<_>) = self.messages().partition(|(_, at)| *at <= now);
        (visible.len(), hidden.len())
    }

    pub(super) fn purge(&mut self) {
        let ids: Vec<String> = self.messages().map(|(id, _)| id.to_owned()).collect();
        for id in ids {
            self.world.remove(self.account, MESSAGE, &id);
        }
    }

    /// Puts a message into the queue: its id and the MD5 that clients compare with their own.
    fn enqueue(&mut self, body: &str, delay: u64) -> (String, String) {
        let number = self.world.get(self.account, COUNTER, self.queue).and_then(|c| c.value.as_u64()).unwrap_or(0);
        self.world.put(self.account, COUNTER, self.queue, json!(number + 1));
        let message_id = self.world.request_id();
        let digest = hex::encode(Md5::digest(body));
        let visible = micros(self.world.now).saturating_add(delay.min(900) * 1_000_000);
        let value = json!({"id": message_id, "body": body, "md5": digest, "visible_us": visible, "received": 0});
        self.world.put(self.account, MESSAGE, &format!("{}/{number:012}", self.queue), value);
        (message_id, digest)
    }

    pub(super) fn send_message(&mut self) -> Value {
        let delay = self.number("DelaySeconds").unwrap_or(0);
        let (id, digest) = self.enqueue(text(self.params, "MessageBody"), delay);
        json!({"MessageId": id, "MD5OfMessageBody": digest})
    }

    pub(super) fn send_batch(&mut self) -> Result<Value, WireError> {
        let entries = self.entries("SendMessageBatchRequestEntry")?;
        let sent = entries.iter().map(|entry| {
            let (id, digest) = self.enqueue(text(entry, "MessageBody"), 0);
            json!({"Id": text(entry, "Id"), "MessageId": id, "MD5OfMessageBody": digest})
        });
        let sent: Vec<Value> = sent.collect();
        let mut output = self.list("Successful", "SendMessageBatchResultEntry", sent);
        if !self.query {
            output["Failed"] = json!([]);
        }
        Ok(output)
    }

    /// Answers at once, also where the request would wait: a scenario scripts its own delays.
    pub(super) fn receive(&mut self) -> Value {
        let most = self.number("MaxNumberOfMessages").map_or(1, |n| n as usize).clamp(1, BATCH_MAX);
        let hidden = self.number("VisibilityTimeout").map_or(VISIBILITY, |s| Duration::from_secs(s.min(43_200)));
        let now = micros(self.world.now);
        let until = now.saturating_add(micros(hidden));
        let seen = self.messages().filter(|(_, at)| *at <= now).take(most);
        let ids: Vec<String> = seen.map(|(id, _)| id.to_owned()).collect();
        let mut found = Vec::new();
        for id in ids {
            let Some(message) = self.world.get_mut(self.account, MESSAGE, &id).map(|m| &mut m.value) else { continue };
            let received = message.get("received").and_then(Value::as_u64).unwrap_or(0) + 1;
            message["received"] = received.into();
            message["visible_us"] = until.into();
            let count = received.to_string();
            let attributes = if self.query {
                ("Attribute", json!([{"Name": "ApproximateReceiveCount", "Value": count}]))
            } else {
                ("Attributes", json!({"ApproximateReceiveCount": count}))
            };
            found.push(json!({
                "MessageId": text(message, "id"),
                "ReceiptHandle": format!("{id}#{received}"),
                "MD5OfBody": text(message, "md5"),
                "Body": text(message, "body"),
                attributes.0: attributes.1,
            }));
        }
        if found.is_empty() { json!({}) } else { self.list("Messages", "Message", found) }
    }

    /// Deleting twice is fine; only a handle that is none is an error.
    pub(super) fn delete_message(&mut self, handle: &str) -> Result<Value, WireError> {
        let id = self.received(handle)?;
        self.world.remove(self.account, MESSAGE, id);
        Ok(Value::Null)
    }

    /// The message that a handle stands for.
    fn received<'h>(&self, handle: &'h str) -> Result<&'h str, WireError> {
        let id = handle.rsplit_once('#').map(|(id, _)| id).filter(|id| id.starts_with(&format!("{}/", self.queue)));
        id.ok_or_else(|| wire_error(&Sqs, "ReceiptHandleIsInvalid"))
    }

    pub(super) fn delete_batch(&mut self) -> Result<Value, WireError> {
        let mut deleted = Vec::new();
        let mut failed = Vec::new();
        for entry in self.entries("DeleteMessageBatchRequestEntry")? {
            let id = text(&entry, "Id");
            match self.delete_message(text(&entry, "ReceiptHandle")) {
                Ok(_) => deleted.push(json!({"Id": id})),
                Err(error) => {
                    failed.push(json!({"Id": id, "Code": error.code, "Message": error.message, "SenderFault": true}));
                }
            }
        }
        let mut output = self.list("Successful", "DeleteMessageBatchResultEntry", deleted);
        output[if self.query { "BatchResultErrorEntry" } else { "Failed" }] = failed.into();
        Ok(output)
    }

    pub(super) fn change_visibility(&mut self) -> Result<Value, WireError> {
        let id = self.received(text(self.params, "ReceiptHandle"))?;
        let hidden = self.number("VisibilityTimeout").unwrap_or(0).min(43_200) * 1_000_000;
        let until = micros(self.world.now).saturating_add(hidden);
        let message = self.world.get_mut(self.account, MESSAGE, id);
        let message = message.ok_or_else(|| wire_error(&Sqs, "MessageNotInflight"))?;
        message.value["visible_us"] = until.into();
        Ok(Value::Null)
    }

    /// The entries of a batch, in either protocol.
    fn entries(&self, element: &str) -> Result<Vec<Value>, WireError> {
        let entries = match self.params.get("Entries").and_then(Value::as_array) {
            Some(entries) => entries.clone(),
            None => structures(self.params, element),
        };
        match entries.len() {
            0 => Err(wire_error(&Sqs, "EmptyBatchRequest")),
            1..=BATCH_MAX => Ok(entries),
            _ => Err(wire_error(&Sqs, "TooManyEntriesInBatchRequest")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::service::testing::Stage;

    #[test]
    fn a_message_is_hidden_until_it_is_deleted_or_comes_back() {
        let mut stage = Stage::new("sqs");
        let queue = json!({"QueueUrl": "http://h/0/q"});
        stage.json("SendMessage", &json!({"QueueUrl": "http://h/0/q", "MessageBody": "one"})).unwrap();
        let first = stage.json("ReceiveMessage", &queue).unwrap().output;
        assert_eq!(first["Messages"][0]["Body"], "one");
        assert_eq!(stage.json("ReceiveMessage", &queue).unwrap().output, json!({}));
        stage.wait(30);
        let again = stage.json("ReceiveMessage", &queue).unwrap().output;
        assert_eq!(again["Messages"][0]["Attributes"]["ApproximateReceiveCount"], "2");
        let handle = &again["Messages"][0]["ReceiptHandle"];
        stage.json("DeleteMessage", &json!({"QueueUrl": "http://h/0/q", "ReceiptHandle": handle})).unwrap();
        stage.wait(60);
        assert_eq!(stage.json("ReceiveMessage", &queue).unwrap().output, json!({}));
        let wrong = json!({"QueueUrl": "http://h/0/q", "ReceiptHandle": "x"});
        assert_eq!(stage.json("DeleteMessage", &wrong).unwrap_err().code, "ReceiptHandleIsInvalid");
    }

    #[test]
    fn batches_are_limited_and_keep_their_order() {
        let mut stage = Stage::new("sqs");
        let entries =
            |n: usize| (0..n).map(|i| json!({"Id": i.to_string(), "MessageBody": i.to_string()})).collect::<Vec<_>>();
        let ask = |n: usize| json!({"QueueUrl": "http://h/0/q", "Entries": entries(n)});
        let sent = stage.json("SendMessageBatch", &ask(10)).unwrap().output;
        assert_eq!((sent["Successful"].as_array().unwrap().len(), &sent["Failed"]), (10, &json!([])));
        assert_eq!(stage.json("SendMessageBatch", &ask(11)).unwrap_err().code, "TooManyEntriesInBatchRequest");
        assert_eq!(stage.json("SendMessageBatch", &ask(0)).unwrap_err().code, "EmptyBatchRequest");
        let got = stage
            .json("ReceiveMessage", &json!({"QueueUrl": "http://h/0/q", "MaxNumberOfMessages": 10}))
            .unwrap()
            .output;
        let bodies: Vec<&str> =
            got["Messages"].as_array().unwrap().iter().map(|m| m["Body"].as_str().unwrap()).collect();
        assert_eq!(bodies, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    }

    #[test]
    fn messages_are_deleted_in_batches_and_shown_again() {
        let mut stage = Stage::new("sqs");
        let url = "http://h/0/q";
        for body in ["one", "two"] {
            stage.json("SendMessage", &json!({"QueueUrl": url, "MessageBody": body})).unwrap();
        }
        let ask = json!({"QueueUrl": url, "MaxNumberOfMessages": 10});
        let got = stage.json("ReceiveMessage", &ask).unwrap().output;
        let handle = |i: usize| got["Messages"][i]["ReceiptHandle"].clone();
        let show = json!({"QueueUrl": url, "ReceiptHandle": handle(0), "VisibilityTimeout": 0});
        stage.json("ChangeMessageVisibility", &show).unwrap();
        let again = stage.json("ReceiveMessage", &ask).unwrap().output;
        assert_eq!(again["Messages"].as_array().map(Vec::len), Some(1));
        let entries = json!([{"Id": "a", "ReceiptHandle": handle(0)}, {"Id": "b", "ReceiptHandle": "none"}]);
        let done = stage.json("DeleteMessageBatch", &json!({"QueueUrl": url, "Entries": entries})).unwrap().output;
        assert_eq!(done["Successful"], json!([{"Id": "a"}]));
        assert_eq!(done["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
        assert_eq!(stage.json("ChangeMessageVisibility", &show).unwrap_err().code, "MessageNotInflight");
        assert_eq!(stage.json("DeleteMessageBatch", &json!({"QueueUrl": url})).unwrap_err().code, "EmptyBatchRequest");
    }
}
