//! What expressions do to items, and what is refused.

use serde_json::{Value, json};

use crate::service::testing::Stage;

/// A table with one item, and an update of it.
fn updated(expression: &str, extra: &Value) -> Result<Value, String> {
    let mut stage = Stage::new("dynamodb");
    let item = json!({
        "id": {"S": "1"}, "n": {"N": "5"}, "tags": {"SS": ["a", "b"]}, "list": {"L": [{"S": "x"}]},
        "m": {"M": {"inner": {"N": "0.1"}}},
    });
    stage.json("PutItem", &json!({"TableName": "t", "Item": item})).unwrap();
    let mut ask = json!({"TableName": "t", "Key": {"id": {"S": "1"}}, "UpdateExpression": expression});
    for (name, value) in extra.as_object().unwrap() {
        ask[name] = value.clone();
    }
    let got = stage.json("UpdateItem", &ask).map_err(|e| format!("{}: {}", e.code, e.message))?;
    let read = json!({"TableName": "t", "Key": {"id": {"S": "1"}}, "ConsistentRead": true});
    let item = stage.json("GetItem", &read).unwrap().output["Item"].clone();
    Ok(json!({"item": item, "answer": got.output}))
}

#[test]
fn an_update_is_what_is_then_read() {
    for (expression, values, path, expected) in [
        ("SET n = n + :v", json!({":v": {"N": "1"}}), "/n/N", json!("6")),
        ("set n = n - :v", json!({":v": {"N": "0.5"}}), "/n/N", json!("4.5")),
        ("SET k = if_not_exists(k, :v)", json!({":v": {"S": "new"}}), "/k/S", json!("new")),
        ("SET n = if_not_exists(n, :v) + :v", json!({":v": {"N": "1"}}), "/n/N", json!("6")),
        ("SET m.inner = :v, m.out = m.inner", json!({":v": {"N": "9"}}), "/m/M/out/N", json!("0.1")),
        ("SET list = list_append(list, :v)", json!({":v": {"L": [{"S": "y"}]}}), "/list/L/1/S", json!("y")),
        ("ADD n :v", json!({":v": {"N": "-7"}}), "/n/N", json!("-2")),
        ("ADD c :v", json!({":v": {"N": "1"}}), "/c/N", json!("1")),
        ("ADD tags :v", json!({":v": {"SS": ["b", "c"]}}), "/tags/SS", json!(["a", "b", "c"])),
        ("DELETE tags :v", json!({":v": {"SS": ["a"]}}), "/tags/SS", json!(["b"])),
        ("DELETE tags :v REMOVE n", json!({":v": {"SS": ["a", "b"]}}), "/tags", Value::Null),
    ] {
        let got = updated(expression, &json!({"ExpressionAttributeValues": values})).unwrap();
        assert_eq!(got["item"].pointer(path).cloned().unwrap_or_default(), expected, "{expression}");
    }
    let got = updated("REMOVE #n, m.inner", &json!({"ExpressionAttributeNames": {"#n": "n"}})).unwrap();
    assert_eq!((&got["item"]["n"], &got["item"]["m"]), (&Value::Null, &json!({"M": {}})));
}

#[test]
fn the_older_form_updates_too() {
    let older =
        json!({"n": {"Action": "ADD", "Value": {"N": "1"}}, "m": {"Action": "DELETE"}, "s": {"Value": {"S": "x"}}});
    let got = updated("", &json!({"UpdateExpression": null, "AttributeUpdates": older})).unwrap();
    assert_eq!(
        (&got["item"]["n"]["N"], &got["item"]["m"], &got["item"]["s"]["S"]),
        (&json!("6"), &Value::Null, &json!("x"))
    );
}

#[test]
fn return_values_are_the_ones_asked_for() {
    for (wanted, expected) in [
        ("NONE", json!({})),
        ("UPDATED_OLD", json!({"Attributes": {"m": {"M": {"inner": {"N": "0.1"}}}}})),
        ("UPDATED_NEW", json!({"Attributes": {"m": {"M": {"inner": {"N": "0.3"}}}, "x": {"N": "0.2"}}})),
    ] {
        let extra = json!({"ReturnValues": wanted, "ExpressionAttributeValues": {":v": {"N": "0.2"}}});
        let got = updated("SET m.inner = m.inner + :v, x = :v", &extra).unwrap();
        assert_eq!(got["answer"], expected, "{wanted}");
    }
    let got = |wanted: &str| {
        let extra = json!({"ReturnValues": wanted, "ExpressionAttributeValues": {":v": {"N": "6"}}});
        updated("SET n = :v", &extra).unwrap()["answer"]["Attributes"]["n"]["N"].clone()
    };
    assert_eq!((got("ALL_OLD"), got("ALL_NEW")), (json!("5"), json!("6")));
}

#[test]
fn what_is_wrong_or_not_modelled_is_refused_by_name() {
    let one = json!({":v": {"N": "1"}});
    for (expression, values, part) in [
        ("SET", json!({}), "Invalid UpdateExpression: Syntax error"),
        ("PUT n = :v", one.clone(), "Invalid UpdateExpression: Syntax error; token: \"PUT\""),
        ("SET n = :w", one.clone(), "not defined; attribute value: :w"),
        ("SET #x = :v", one.clone(), "not defined; attribute name: #x"),
        ("SET n = :v SET k = :v", one.clone(), "only be used once"),
        ("SET n = :v, n = :v", one.clone(), "overlap"),
        ("SET n = sqrt(:v)", one.clone(), "Invalid function name; function: sqrt"),
        ("SET n = n ; :v", one.clone(), "token: \";\""),
        ("REMOVE n", one.clone(), "unused in expressions: keys: {:v}"),
        ("SET id = :v", one.clone(), "part of the key"),
        ("SET a.b = :v", one.clone(), "document path"),
        ("SET n = missing + :v", one.clone(), "does not exist in the item"),
        ("SET n = list + :v", one.clone(), "incorrect data type"),
        ("ADD tags :v", one.clone(), "incorrect data type"),
        ("SET list[0] = :v", one.clone(), "brownout does not model list indices"),
        ("SET n = :v", json!({":v": {"N": "one"}}), "cannot be converted into a number"),
    ] {
        let error = updated(expression, &json!({"ExpressionAttributeValues": values})).unwrap_err();
        assert!(error.starts_with("ValidationException: ") && error.contains(part), "{expression}: {error}");
    }
    let deep = format!("SET n = {}:v{}", "if_not_exists(a, ".repeat(200), ")".repeat(200));
    let error = updated(&deep, &json!({"ExpressionAttributeValues": one})).unwrap_err();
    assert!(error.contains("nesting deeper than 50"), "{error}");
    let error = updated(&format!("REMOVE {}", "x".repeat(5000)), &json!({})).unwrap_err();
    assert!(error.contains("maximum allowed size"), "{error}");
    let error = updated("REMOVE n", &json!({"Expected": {"n": {"Exists": false}}})).unwrap_err();
    assert!(error.contains("brownout does not model the parameter `Expected`"), "{error}");
}

#[test]
fn conditions_hold_as_they_read() {
    let values =
        json!({":a": {"N": "1"}, ":five": {"N": "5.0"}, ":b": {"N": "9"}, ":s": {"S": "a"}, ":t": {"S": "SS"}});
    for (condition, holds) in [
        ("n = :five", true),
        ("n <> :five", false),
        ("missing = :a", false),
        ("missing <> :a", true),
        ("n > :a AND n < :b", true),
        ("n BETWEEN :a AND :b AND tags <> :a", true),
        ("n IN (:a, :b)", false),
        ("NOT n IN (:a, :b)", true),
        ("n = :a OR n = :b OR n = :five", true),
        ("n = :five OR n = :a AND n = :b", true),
        ("(n = :five OR n = :a) AND n = :b", false),
        ("attribute_exists(m.inner) and attribute_not_exists(m.out)", true),
        ("attribute_type(tags, :t)", true),
        ("contains(tags, :s) AND NOT contains(list, :s)", true),
        ("begins_with(id, :s)", false),
        ("size(tags) > :a AND size(list) = :a", true),
        ("n < :s", false),
    ] {
        let used: Value = values
            .as_object()
            .unwrap()
            .iter()
            .filter(|(k, _)| condition.split(|c: char| !c.is_alphanumeric() && c != ':').any(|word| word == k.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let extra =
            json!({"UpdateExpression": null, "ConditionExpression": condition, "ExpressionAttributeValues": used});
        match updated("", &extra) {
            Ok(_) => assert!(holds, "{condition} held"),
            Err(error) => {
                assert!(error.starts_with("ConditionalCheckFailedException"), "{condition}: {error}");
                assert!(!holds, "{condition} did not hold");
            }
        }
    }
}

#[test]
fn a_write_whose_condition_fails_changes_nothing() {
    let mut stage = Stage::new("dynamodb");
    let put = |v: &str| {
        json!({
            "TableName": "t", "Item": {"id": {"S": "1"}, "v": {"S": v}}, "ConditionExpression": "attribute_not_exists(id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        })
    };
    stage.json("PutItem", &put("first")).unwrap();
    let error = stage.json("PutItem", &put("second")).unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("ConditionalCheckFailedException", 400));
    assert_eq!(error.members[0].1["v"]["S"], "first");
    let key = json!({"id": {"S": "1"}});
    let part = |id: &str, condition: &str| {
        json!({"Put": {
            "TableName": "t", "Item": {"id": {"S": id}}, "ConditionExpression": condition,
        }})
    };
    let ask = json!({
        "TransactItems": [part("2", "attribute_not_exists(id)"), part("1", "attribute_not_exists(id)")],
        "ClientRequestToken": "k",
    });
    for _ in 0..2 {
        let error = stage.json("TransactWriteItems", &ask).unwrap_err();
        assert_eq!(error.code, "TransactionCanceledException", "a token that did nothing is not remembered");
        assert_eq!(error.members[0].1[0]["Code"], "None");
        assert_eq!(error.members[0].1[1]["Code"], "ConditionalCheckFailed");
    }
    let scan = stage.json("Scan", &json!({"TableName": "t"})).unwrap().output;
    assert_eq!((&scan["Count"], &scan["Items"][0]["v"]["S"]), (&json!(1), &json!("first")));
    let gone = json!({"TableName": "t", "Key": key, "ConditionExpression": "attribute_not_exists(v)"});
    assert_eq!(stage.json("DeleteItem", &gone).unwrap_err().code, "ConditionalCheckFailedException");
    let odd =
        json!({"TableName": "u", "Item": {"odd": {"S": "1"}}, "ConditionExpression": "attribute_not_exists(odd)"});
    let error = stage.json("PutItem", &odd).unwrap_err();
    assert!(error.message.contains("does not know the key of the table u"), "{}", error.message);
}

#[test]
fn queries_and_scans_filter_order_and_page() {
    let mut stage = Stage::new("dynamodb");
    for n in ["9", "10", "1"] {
        let item = json!({"pk": {"S": "a"}, "sk": {"N": n}, "odd": {"BOOL": n != "10"}});
        stage.json("PutItem", &json!({"TableName": "t", "Item": item})).unwrap();
    }
    let mut ask = json!({
        "TableName": "t", "KeyConditionExpression": "pk = :p AND sk > :one", "FilterExpression": "odd = :yes",
        "ExpressionAttributeValues": {":p": {"S": "a"}, ":one": {"N": "0"}, ":yes": {"BOOL": true}},
        "ProjectionExpression": "sk",
    });
    let got = stage.json("Query", &ask).unwrap().output;
    assert_eq!((&got["Count"], &got["ScannedCount"]), (&json!(2), &json!(3)));
    assert_eq!(got["Items"], json!([{"sk": {"N": "1"}}, {"sk": {"N": "9"}}]));
    ask["ScanIndexForward"] = false.into();
    ask["Limit"] = 1.into();
    let first = stage.json("Query", &ask).unwrap().output;
    assert_eq!((&first["Count"], &first["LastEvaluatedKey"]["sk"]["N"]), (&json!(0), &json!("10")));
    ask["ExclusiveStartKey"] = first["LastEvaluatedKey"].clone();
    assert_eq!(stage.json("Query", &ask).unwrap().output["Items"], json!([{"sk": {"N": "9"}}]));
    let all = json!({"TableName": "t", "Select": "COUNT"});
    assert_eq!(stage.json("Scan", &all).unwrap().output, json!({"Count": 3, "ScannedCount": 3}));
    for (wrong, part) in [
        (json!({"TableName": "t"}), "KeyConditionExpression is missing"),
        (json!({"TableName": "t", "KeyConditions": {}}), "does not model the parameter `KeyConditions`"),
        (json!({"TableName": "t", "KeyConditionExpression": "attribute_exists(pk)"}), "Invalid KeyConditionExpression"),
    ] {
        let error = stage.json("Query", &wrong).unwrap_err();
        assert!(error.message.contains(part), "{}", error.message);
    }
}
