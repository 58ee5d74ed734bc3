//! DynamoDB.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, Put, ScalarAttributeType,
    TransactWriteItem,
};

use super::unknown;
use crate::told::Ended;

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "GetItem" => drop(c.get_item().table_name("orders").key("id", id()).send().await?),
        "PutItem" => drop(c.put_item().table_name("orders").item("id", id()).send().await?),
        "TransactWriteItems" => {
            let put = Put::builder().table_name("orders").item("id", id()).build().expect("all that it needs");
            let one = TransactWriteItem::builder().put(put).build();
            c.transact_write_items().transact_items(one).send().await?;
        }
        "CreateTable" => drop(orders(c).send().await?),
        other => unknown(other),
    }
    Ok(())
}

fn id() -> AttributeValue {
    AttributeValue::S("1".to_owned())
}

/// How the table is made.
fn orders(c: &Client) -> CreateTableFluentBuilder {
    let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build();
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build();
    c.create_table()
        .table_name("orders")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(id.expect("all that it needs"))
        .key_schema(key.expect("all that it needs"))
}

pub(crate) async fn story(c: &Client) -> Ended {
    orders(c).send().await?;
    let seven = AttributeValue::N("7".to_owned());
    c.put_item().table_name("orders").item("id", id()).item("n", seven.clone()).send().await?;
    let got = c.get_item().table_name("orders").key("id", id()).send().await?;
    assert_eq!(got.item().and_then(|item| item.get("n")), Some(&seven));
    assert_eq!(c.scan().table_name("orders").send().await?.count(), 1);
    let tables = c.list_tables().send().await?;
    assert!(tables.table_names().contains(&"orders".to_owned()), "{tables:?}");
    Ok(())
}
