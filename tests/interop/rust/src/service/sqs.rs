//! SQS.

use aws_sdk_sqs::Client;

use super::unknown;
use crate::told::Ended;

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "SendMessage" => {
            let endpoint = std::env::var("BROWNOUT_ENDPOINT").expect("BROWNOUT_ENDPOINT says where we are");
            let queue = format!("{endpoint}/000000000000/orders");
            c.send_message().queue_url(queue).message_body("hello").send().await?;
        }
        other => unknown(other),
    }
    Ok(())
}

pub(crate) async fn story(c: &Client) -> Ended {
    let made = c.create_queue().queue_name("orders").send().await?;
    let queue = made.queue_url().expect("the queue has a URL");
    c.send_message().queue_url(queue).message_body("hello").send().await?;
    let received = c.receive_message().queue_url(queue).send().await?;
    let message = &received.messages()[0];
    assert_eq!(message.body(), Some("hello"));
    let handle = message.receipt_handle().expect("a handle");
    c.delete_message().queue_url(queue).receipt_handle(handle).send().await?;
    Ok(())
}
