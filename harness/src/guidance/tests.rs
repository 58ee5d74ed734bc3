//! Tests of the profiles.
#![allow(clippy::unwrap_used, clippy::float_cmp, clippy::print_stdout, clippy::wildcard_imports, reason = "tests")]

use brownout_mocks::units::Span;

use super::*;

#[test]
fn every_embedded_profile_reads_and_has_its_name() {
    for (name, text) in PROFILES {
        let profile = Profile::from_yaml(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(&profile.name, name);
    }
    assert!(PROFILES.is_sorted());
    assert_eq!(profiles().len(), PROFILES.len());
    assert!(find(DEFAULT).is_some());
}

#[test]
fn the_envelope_holds_every_exact_policy() {
    let documented = find("documented").unwrap();
    for profile in profiles().iter().filter(|p| p.exact) {
        for service in ["s3", "dynamodb"] {
            for throttling in [true, false] {
                let wide = Numbers::new(documented, service, throttling);
                let exact = Numbers::new(profile, service, throttling);
                for i in 0..10 {
                    assert!(wide.bound[i] >= exact.bound[i].min(512.0), "{} {service} retry {i}", profile.name);
                    assert!(wide.least[i] <= exact.least[i], "{} {service} retry {i}", profile.name);
                }
            }
            assert!(documented.attempts_max(service).value >= profile.attempts_max(service).value);
        }
    }
    assert_eq!(documented.reference().name, "std-2026");
}

#[test]
fn numbers_are_those_of_the_guide() {
    let std = find("std-2026").unwrap();
    let throttling = Numbers::new(std, "s3", true);
    assert_eq!(throttling.bound[..6], [1.0, 2.0, 4.0, 8.0, 16.0, 20.0]);
    assert_eq!(Numbers::new(std, "dynamodb", false).bound[..3], [0.025, 0.05, 0.1]);
    assert_eq!((std.attempts_max("s3").value, std.attempts_max("dynamodb").value), (3, 4));
    assert!((throttling.no_growth(0, 1, 0.5, 0.0) - 0.25).abs() < 1e-12);
    let legacy = Numbers::new(find("botocore-legacy").unwrap(), "dynamodb", true);
    assert!(legacy.never_jitters() && legacy.unjittered(2, 0.2, 0.002));
    let documented = Numbers::new(find("documented").unwrap(), "s3", true);
    assert!((documented.no_growth(0, 1, 0.009, 0.0) - 0.6).abs() < 1e-12, "Kotlin: at most 15 ms follow");
    assert!(documented.no_growth(0, 1, 0.9, 0.0) < 0.46, "no ladder below 1 s can have made this pause");
    assert!((documented.no_growth(0, 1, 60.0, 0.0) - 1.0).abs() < 1e-12, "nobody made this pause");
    assert!(documented.width[4] == 0.0, "Go's fifth pause is the bare cap");
}

#[test]
fn a_scenario_may_change_numbers() {
    let custom = CustomProfile {
        base: "documented".into(),
        attempts_max: Some(5),
        backoff: Some(CustomBackoff {
            base: Some(Span("2s".parse::<Span>().unwrap().get())),
            ..CustomBackoff::default()
        }),
        honours: vec!["retry_after".into()],
        ..CustomProfile::default()
    };
    let profile = choose(&ProfileChoice::Custom(Box::new(custom.clone()))).unwrap();
    assert!(profile.exact && profile.published.is_empty());
    assert_eq!(profile.attempts_max("dynamodb").value, 5);
    assert_eq!(Numbers::new(&profile, "s3", true).bound[..2], [2.0, 4.0]);
    assert_eq!(profile.honours, [Honours::RetryAfter]);
    assert_eq!(profile.family(), "documented");
    let wrong = CustomProfile { honours: vec!["moon_phase".into()], ..custom };
    assert!(choose(&ProfileChoice::Custom(Box::new(wrong))).is_err());
    assert!(choose(&ProfileChoice::Name("nobody".into())).unwrap_err().to_string().contains("std-2026"));
}
