//! Amazon SQS: awsJson 1.0 and the older awsQuery, queues that exist without being made.

use serde_json::{Map, Value, json};

use super::form::numbered;
use super::{Batch, Done, ErrorRow, Operation, Service, operation, text, unmodelled, wire_error_with};
use crate::endpoint::World;
use crate::protocol::{Protocol, Reply, WireError};
use crate::request::Attempt;

mod errors;
mod messages;

/// The service.
#[derive(Debug)]
pub(super) struct Sqs;

const OPERATIONS: &[Operation] = &[
    operation("ChangeMessageVisibility", "POST", "/", true),
    operation("CreateQueue", "POST", "/", true),
    operation("DeleteMessage", "POST", "/", true),
    operation("DeleteMessageBatch", "POST", "/", true),
    operation("DeleteQueue", "POST", "/", true),
    operation("GetQueueAttributes", "POST", "/", false),
    operation("GetQueueUrl", "POST", "/", false),
    operation("ListQueues", "POST", "/", false),
    operation("PurgeQueue", "POST", "/", true),
    operation("ReceiveMessage", "POST", "/", true),
    operation("SendMessage", "POST", "/", true),
    operation("SendMessageBatch", "POST", "/", true),
    operation("SetQueueAttributes", "POST", "/", true),
];

/// The kind of entity that a queue is.
const QUEUE: &str = "queue";

/// What the codes that the query protocol writes at length begin with.
const LONG: &[(&str, &str)] = &[
    ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
    ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
    ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
    ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
    ("KmsThrottled", "KMS.ThrottlingException"),
    ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
    ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
    ("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"),
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    ("QueueNameExists", "QueueAlreadyExists"),
    ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
    ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
];

impl Service for Sqs {
    fn id(&self) -> &'static str {
        "sqs"
    }

    fn title(&self) -> &'static str {
        "Amazon SQS"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["sqs"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::AwsJson10, Protocol::AwsQuery]
    }

    fn target_prefix(&self) -> Option<&'static str> {
        Some("AmazonSQS")
    }

    fn api_version(&self) -> &'static str {
        "2012-11-05"
    }

    fn xml_namespace(&self) -> &'static str {
        "http://queue.amazonaws.com/doc/2012-11-05/"
    }

    fn wire_code<'a>(&self, code: &'a str, protocol: Protocol) -> &'a str {
        let long = LONG.iter().find(|(name, _)| protocol == Protocol::AwsQuery && *name == code);
        long.map_or(code, |(_, long)| long)
    }

    fn error_namespace(&self, code: &str) -> Option<&'static str> {
        // What AWS's common front end says comes from its own namespace.
        Some(match code {
            "AccessDeniedException"
            | "ExpiredTokenException"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "UnknownOperationException"
            | "UnrecognizedClientException" => "com.amazon.coral.service#",
            _ => "com.amazonaws.sqs#",
        })
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        errors::ROWS
    }

    fn throttle_code(&self, _operation: &str) -> &'static str {
        "RequestThrottled"
    }

    fn not_found_code(&self, _operation: &str, _target: &str) -> &'static str {
        "QueueDoesNotExist"
    }

    fn batch(&self, operation: &str) -> Option<&'static Batch> {
        (operation == "SendMessageBatch" || operation == "DeleteMessageBatch")
            .then_some(&Batch::ById { input: "Entries", failed: "Failed" })
    }

    fn checks(&self, operation: &str) -> bool {
        matches!(operation, "SendMessage" | "SendMessageBatch" | "ReceiveMessage")
    }

    /// The first digit of each MD5 becomes another one.
    fn corrupt(&self, _attempt: &Attempt, reply: &mut Reply) {
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        let mut parts = text.split("MD5Of");
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            out.push_str("MD5Of");
            // The value begins after `":"` in JSON and after `>` in XML.
            let value = part.find("\":\"").map(|i| i + 3).or_else(|| part.find('>').map(|i| i + 1));
            match value.and_then(|i| part.get(i..=i).map(|digit| (i, digit))) {
                Some((i, digit)) => {
                    out.push_str(&part[..i]);
                    out.push_str(if digit == "0" { "1" } else { "0" });
                    out.push_str(&part[i + 1..]);
                }
                None => out.push_str(part),
            }
        }
        reply.body = out.into();
    }

    fn unmodelled_code(&self) -> &'static str {
        "InvalidAction"
    }

    /// The queue's name.
    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        let url = text(params, "QueueUrl");
        let name = if url.is_empty() { text(params, "QueueName") } else { url.rsplit('/').next().unwrap_or_default() };
        Some(name.to_owned()).filter(|name| !name.is_empty())
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let queue = attempt.target.as_deref().unwrap_or_default();
        let query = attempt.protocol == Protocol::AwsQuery;
        let mut stage =
            Stage { attempt, params: &attempt.params, account: &attempt.sender.account, queue, query, world };
        if queue.is_empty()
            && attempt.operation != "ListQueues"
            && OPERATIONS.iter().any(|o| o.name == attempt.operation)
        {
            return Err(wire_error_with(self, "MissingParameter", "The request must name a queue"));
        }
        let output = match attempt.operation.as_str() {
            "CreateQueue" => return Ok(stage.create_queue()),
            "GetQueueUrl" => json!({"QueueUrl": stage.url(queue)}),
            "ListQueues" => stage.list_queues(),
            "DeleteQueue" => {
                stage.purge();
                stage.world.remove(stage.account, QUEUE, queue);
                Value::Null
            }
            "PurgeQueue" => {
                stage.purge();
                Value::Null
            }
            "GetQueueAttributes" => stage.attributes(),
            "SendMessage" => stage.send_message(),
            "SendMessageBatch" => stage.send_batch()?,
            "ReceiveMessage" => stage.receive(),
            "DeleteMessage" => stage.delete_message(text(stage.params, "ReceiptHandle"))?,
            "DeleteMessageBatch" => stage.delete_batch()?,
            "ChangeMessageVisibility" => stage.change_visibility()?,
            // Kept by nobody: what a queue does here hangs on no attribute.
            "SetQueueAttributes" => Value::Null,
            other => return Err(unmodelled(self, other)),
        };
        Ok(Done { output, ..Done::default() })
    }
}

/// One operation on its way: what was asked, and the world that it acts on.
struct Stage<'a> {
    attempt: &'a Attempt,
    params: &'a Value,
    account: &'a str,
    /// The queue's name; empty for `ListQueues`.
    queue: &'a str,
    /// Whether the query protocol asks, whose lists and maps are spelt otherwise.
    query: bool,
    world: &'a mut World,
}

impl Stage<'_> {
    /// A queue's URL. It names the host that the request came to, so that the client comes back to us.
    fn url(&self, queue: &str) -> String {
        let request = &self.attempt.request;
        let host = request.header("host").filter(|host| !host.is_empty()).unwrap_or("localhost");
        let scheme = request.header("x-forwarded-proto").filter(|p| *p == "https").unwrap_or("http");
        format!("{scheme}://{host}/{}/{queue}", self.account)
    }

    /// A member that is a list, under its name in JSON or its element in the query protocol.
    fn list(&self, json: &str, element: &str, entries: Vec<Value>) -> Value {
        let name = if self.query { element } else { json };
        Value::Object(Map::from_iter([(name.to_owned(), entries.into())]))
    }

    /// A list of names in the request, in either protocol.
    fn names(&self, json: &str, element: &str) -> Vec<String> {
        match self.params.get(json).and_then(Value::as_array) {
            Some(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => numbered(self.params, element),
        }
    }

    /// A number in the request; the query protocol writes it as text.
    fn number(&self, name: &str) -> Option<u64> {
        let value = self.params.get(name)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    fn create_queue(&mut self) -> Done {
        let fresh = self.world.get(self.account, QUEUE, self.queue).is_none();
        if fresh {
            self.world.put(self.account, QUEUE, self.queue, json!({}));
        }
        let created = if fresh { vec![self.queue.to_owned()] } else { Vec::new() };
        Done { output: json!({"QueueUrl": self.url(self.queue)}), created, ..Done::default() }
    }

    fn list_queues(&self) -> Value {
        let prefix = text(self.params, "QueueNamePrefix");
        let queues = self.world.list(self.account, QUEUE).filter(|(name, _)| name.starts_with(prefix));
        let urls: Vec<Value> = queues.map(|(name, _)| self.url(name).into()).collect();
        self.list("QueueUrls", "QueueUrl", urls)
    }

    fn attributes(&self) -> Value {
        let wanted = self.names("AttributeNames", "AttributeName");
        let (visible, in_flight) = self.count();
        let known = [
            ("ApproximateNumberOfMessages", visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed", "0".to_owned()),
            ("QueueArn", format!("arn:aws:sqs:{}:{}:{}", self.attempt.sender.region, self.account, self.queue)),
            ("VisibilityTimeout", messages::VISIBILITY.as_secs().to_string()),
        ];
        let asked = |name: &str| wanted.iter().any(|w| w == "All" || w == name);
        let known = known.into_iter().filter(|(name, _)| asked(name));
        if self.query {
            let entries: Vec<Value> = known.map(|(name, value)| json!({"Name": name, "Value": value})).collect();
            return json!({"Attribute": entries});
        }
        let members: Map<String, Value> = known.map(|(name, value)| (name.to_owned(), value.into())).collect();
        json!({"Attributes": members})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Stage, request};

    const SCOPE: (&str, &str) = (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000000/20260101/us-east-1/sqs/aws4_request, Signature=0",
    );

    #[test]
    fn a_request_of_boto3_is_recognised_in_both_protocols() {
        let mut stage = Stage::new("ec2");
        let json = [
            SCOPE,
            ("x-amz-target", "AmazonSQS.SendMessage"),
            ("content-type", "application/x-amz-json-1.0"),
            ("host", "localhost:4566"),
        ];
        let body = r#"{"QueueUrl":"http://localhost:4566/000000000000/q","MessageBody":"hello"}"#;
        let (attempt, done) = stage.send(request("POST", "/", &json, body));
        assert_eq!((attempt.protocol, attempt.target.as_deref()), (Protocol::AwsJson10, Some("q")));
        assert_eq!(done.unwrap().output["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
        let form = [SCOPE, ("content-type", "application/x-www-form-urlencoded"), ("host", "localhost:4566")];
        let body = "Action=ReceiveMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Flocalhost%3A4566%2F000000000000%2Fq";
        let (attempt, done) = stage.send(request("POST", "/000000000000/q", &form, body));
        assert_eq!((attempt.protocol, attempt.operation.as_str()), (Protocol::AwsQuery, "ReceiveMessage"));
        assert_eq!(done.unwrap().output["Message"][0]["Body"], "hello");
    }

    #[test]
    fn urls_lead_back_to_the_host_that_was_asked() {
        let mut stage = Stage::new("sqs");
        let made = stage.json("CreateQueue", &json!({"QueueName": "q"})).unwrap();
        assert_eq!(
            (made.output["QueueUrl"].as_str(), made.created),
            (Some("http://localhost:4566/000000000000/q"), vec!["q".to_owned()])
        );
        assert_eq!(stage.json("GetQueueUrl", &json!({"QueueName": "q"})).unwrap().output, made.output);
        let list = stage.json("ListQueues", &json!({})).unwrap().output;
        assert_eq!(list, json!({"QueueUrls": ["http://localhost:4566/000000000000/q"]}));
        let ask = json!({"QueueUrl": "http://h/0/q", "AttributeNames": ["QueueArn"]});
        let attributes = stage.json("GetQueueAttributes", &ask).unwrap().output;
        assert_eq!(attributes, json!({"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q"}}));
        assert_eq!(stage.json("SendMessage", &json!({})).unwrap_err().code, "MissingParameter");
    }
}
