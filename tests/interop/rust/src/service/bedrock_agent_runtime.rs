//! Bedrock's knowledge bases.

use aws_sdk_bedrockagentruntime::Client;
use aws_sdk_bedrockagentruntime::types::{
    KnowledgeBaseQuery, KnowledgeBaseRetrieveAndGenerateConfiguration, RetrieveAndGenerateConfiguration,
    RetrieveAndGenerateInput, RetrieveAndGenerateType,
};

use super::unknown;
use crate::told::Ended;

const QUESTION: &str = "what is a brownout?";

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "Retrieve" => {
            let query = KnowledgeBaseQuery::builder().text(QUESTION).build();
            c.retrieve().knowledge_base_id("KB12345678").retrieval_query(query).send().await?;
        }
        other => unknown(other),
    }
    Ok(())
}

pub(crate) async fn story(c: &Client) -> Ended {
    let query = KnowledgeBaseQuery::builder().text(QUESTION).build();
    let found = c.retrieve().knowledge_base_id("KB12345678").retrieval_query(query).send().await?;
    let first = &found.retrieval_results()[0];
    assert!(first.content().is_some_and(|content| !content.text().is_empty()), "{first:?}");
    assert_eq!(first.score(), Some(0.9));
    let base = KnowledgeBaseRetrieveAndGenerateConfiguration::builder()
        .knowledge_base_id("KB12345678")
        .model_arn("arn:aws:bedrock:us-east-1::foundation-model/some.model")
        .build()
        .expect("all that it needs");
    let configuration = RetrieveAndGenerateConfiguration::builder()
        .r#type(RetrieveAndGenerateType::KnowledgeBase)
        .knowledge_base_configuration(base)
        .build()
        .expect("all that it needs");
    let input = RetrieveAndGenerateInput::builder().text(QUESTION).build().expect("all that it needs");
    let answer =
        c.retrieve_and_generate().input(input).retrieve_and_generate_configuration(configuration).send().await?;
    assert!(answer.output().is_some_and(|output| !output.text().is_empty()), "{answer:?}");
    assert!(!answer.session_id().is_empty(), "{answer:?}");
    Ok(())
}
