//! What must hold for every service on the list.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_error_dresses_in_every_protocol_of_its_service() {
    for service in SERVICES {
        let mut codes = BTreeSet::new();
        for row in service.errors() {
            assert!(codes.insert(row.code), "{} lists {} twice", service.id(), row.code);
            assert!(!row.source.is_empty());
            let error = wire_error(*service, row.code);
            assert_eq!((error.status, error.class), (row.status, row.class));
            for protocol in service.protocols() {
                let reply = protocol.error(*service, &error, "id", false);
                let class = row.is_api_error().then_some(row.class);
                assert_eq!((reply.status, reply.class), (row.status, class), "{}", row.code);
                assert!(!reply.body.is_empty());
                assert!(protocol.error(*service, &error, "id", true).body.is_empty());
            }
        }
    }
}

#[test]
fn the_codes_that_a_service_falls_back_on_are_in_its_catalogue() {
    for service in SERVICES {
        let has = |code: &str| assert!(row(*service, code).is_some(), "{} lacks {code}", service.id());
        has(service.unmodelled_code());
        for operation in service.operations() {
            let code = service.throttle_code(operation.name);
            has(code);
            assert_eq!(row(*service, code).map(|r| r.class), Some(Class::Throttling));
            for target in
                ["", "i-1", "sg-1", "vol-1", "snap-1", "ami-1", "vpc-1", "subnet-1", "eni-1", "bucket", "bucket/key"]
            {
                has(service.not_found_code(operation.name, target));
            }
        }
    }
}

#[test]
fn operations_are_unique_and_sorted() {
    for service in SERVICES {
        assert!(!service.protocols().is_empty());
        assert!(service.operations().is_sorted_by(|a, b| a.name < b.name), "{}", service.id());
    }
    assert!(SERVICES.is_sorted_by(|a, b| a.id() < b.id()));
}

#[test]
fn an_operation_that_is_not_modelled_is_named() {
    let error = unmodelled(find("s3").unwrap(), "UploadPart");
    assert_eq!((error.code.as_str(), error.status), ("NotImplemented", 501));
    assert!(error.message.contains("UploadPart") && error.message.contains("inject: {reply: …}"));
}

#[test]
fn dates_are_written_as_aws_writes_them() {
    let date = crate::clock::Clock::virtual_epoch() + std::time::Duration::from_millis(1500);
    assert_eq!(iso_date(date), "2026-01-01T00:00:01.000Z");
    assert!((epoch_seconds(date) - 1_767_225_601.5).abs() < 1e-6);
}
