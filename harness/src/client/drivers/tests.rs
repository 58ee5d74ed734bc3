//! Settings, and what is said where something is missing.

use super::*;

fn set(id: &str, pairs: &[(&str, &str)]) -> Result<Options, String> {
    let pairs: Options = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    settings(id, find(id).unwrap().keys, &pairs)
}

#[test]
fn settings_are_read() {
    let pairs = [("timeouts.read", "1.5s"), ("retries.mode", "legacy"), ("retries.mode", "adaptive")];
    let read = set("boto3", &pairs).unwrap();
    assert_eq!(read, [("retries.mode", "adaptive"), ("timeouts.read", "1500")].map(|(k, v)| (k.into(), v.into())));
    assert!(set("aws-cli", &[]).unwrap().is_empty());
}

#[test]
fn mistakes_are_explained() {
    let error = set("boto3", &[("retries.mod", "legacy")]).unwrap_err();
    let start = "boto3 has no setting `retries.mod`; did you mean `retries.mode`? It knows `retries.mode`, ";
    assert!(error.starts_with(start), "{error}");
    let error = set("aws-sdk-js", &[("colour", "red")]).unwrap_err();
    assert!(error.starts_with("aws-sdk-js has no setting `colour`. It knows `retries.mode`, "), "{error}");
    let error = set("aws-sdk-js", &[("retries.mode", "legacy")]).unwrap_err();
    assert_eq!(error, "`legacy` is no value of `retries.mode`, which takes standard or adaptive");
    for (key, value) in [("retries.max_attempts", "0"), ("timeouts.read", "10"), ("timeouts.connect", "0s")] {
        assert!(set("boto3", &[(key, value)]).is_err(), "{key}={value}");
    }
}

#[test]
fn every_driver_has_a_name_of_its_own() {
    for driver in DRIVERS {
        assert!(crate::client::find(driver.id).is_none(), "{} is a client in process, too", driver.id);
        assert_eq!(DRIVERS.iter().filter(|d| d.id == driver.id).count(), 1);
        assert!(driver.id != ANY && crate::client::is_outside(driver.id));
        assert!((driver.missing)().contains("install"), "{}", (driver.missing)());
    }
}

#[test]
fn files_are_for_their_owner_alone_and_gone_after_the_play() {
    use std::os::unix::fs::PermissionsExt as _;
    let driven = Driven::listed(find("boto3").unwrap(), &Vec::new()).unwrap();
    let unpacked = driven.unpack().unwrap();
    let path = std::path::PathBuf::from(&unpacked.command()[1]);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    drop(unpacked);
    assert!(!path.exists());
}
