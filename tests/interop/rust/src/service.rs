//! The services: a file for each with its calls and its story, and a line here.

mod apigateway;
mod bedrock_agent_runtime;
mod bedrock_runtime;
mod cloudwatch;
mod dynamodb;
#[cfg(feature = "ec2")]
mod ec2;
mod events;
mod iam;
mod kinesis;
mod lambda;
mod logs;
mod s3;
mod sqs;
mod sts;

use crate::setup::Setup;
use crate::told::Ended;

/// Makes a client of the service's crate and plays a call, or the story.
macro_rules! services {
    ($($(#[$only:meta])? $name:literal is $module:ident by $sdk:ident,)*) => {
        pub(crate) async fn play(service: &str, what: &str, setup: Setup) -> Ended {
            match service {
                $($(#[$only])? $name => {
                    let config = $sdk::config::Builder::from(&setup.shared)
                        .retry_partition(setup.partition())
                        .interceptor(setup.naming())
                        .build();
                    let client = $sdk::Client::from_conf(config);
                    if what == "story" {
                        Box::pin($module::story(&client)).await
                    } else {
                        Box::pin($module::call(&client, what)).await
                    }
                })*
                other => panic!("no crate of the service `{other}` was built in"),
            }
        }
    };
}

services! {
    "apigateway" is apigateway by aws_sdk_apigateway,
    "bedrock-agent-runtime" is bedrock_agent_runtime by aws_sdk_bedrockagentruntime,
    "bedrock-runtime" is bedrock_runtime by aws_sdk_bedrockruntime,
    "cloudwatch" is cloudwatch by aws_sdk_cloudwatch,
    "dynamodb" is dynamodb by aws_sdk_dynamodb,
    #[cfg(feature = "ec2")]
    "ec2" is ec2 by aws_sdk_ec2,
    "events" is events by aws_sdk_eventbridge,
    "iam" is iam by aws_sdk_iam,
    "kinesis" is kinesis by aws_sdk_kinesis,
    "lambda" is lambda by aws_sdk_lambda,
    "logs" is logs by aws_sdk_cloudwatchlogs,
    "s3" is s3 by aws_sdk_s3,
    "sqs" is sqs by aws_sdk_sqs,
    "sts" is sts by aws_sdk_sts,
}

/// For whoever asks what a service's file does not hold.
fn unknown(operation: &str) -> ! {
    panic!("nobody wrote down how to call `{operation}`")
}
