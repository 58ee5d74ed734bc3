//! TLS on TCP: real clients trust what they are told to trust, and every fault works inside.

use std::net::SocketAddr;
use std::process::Command;

use brownout_mocks::clock::Clock;

use crate::command::{brownout, command, run, scratch};

/// A program of this machine that asks `$AWS_ENDPOINT_URL`, if it is there.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|done| done.status.success())
}

#[test]
fn clients_in_process_speak_tls_in_wall_time_and_not_in_virtual_time() {
    let said = brownout(&["run", "throttle-burst", "--tls"]);
    assert_eq!(said.exit, 2, "{}", said.stderr);
    assert!(said.stderr.contains("there is no TLS in virtual time"), "{}", said.stderr);
    let folder = scratch("tls");
    for http2 in [false, true] {
        let path = folder.join(format!("quick-{http2}.yaml"));
        let text = format!(
            "brownout: 1\nname: quick\ntitle: t\nservice: sts\nhttp2: {http2}\nworkload: [{{call: GetCallerIdentity, count: 3}}]\n\
             steps: [{{times: 1, inject: {{reset: {{at: request}}}}}}, {{times: 1, inject: {{truncate: {{after: 3}}}}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
        let journal = folder.join("quick.jsonl").display().to_string();
        let arguments = [
            "run",
            path.to_str().unwrap(),
            "--tls",
            "--time",
            "wall",
            "--trials",
            "1",
            "--no-control",
            "--journal",
            &journal,
        ];
        let said = brownout(&arguments);
        assert_eq!(said.exit, 0, "http2 {http2}: {}", said.stderr);
        let journal = std::fs::read_to_string(&journal).unwrap();
        let run = journal.split(r#""segment":"run""#).nth(1).unwrap();
        assert!(run.contains(r#""how":"reset""#), "the reset reached the client inside TLS");
        assert!(!run.contains(r#""event":"refused""#), "{run}");
    }
}

#[test]
fn curl_trusts_the_certificate_and_nobody_else_does() {
    if !has("curl") {
        return;
    }
    let ask = "curl -sS --noproxy '*' -o /dev/null -w '%{http_version} %{http_code} %{ssl_verify_result}' \
               -H 'x-amz-target: DynamoDB_20120810.ListTables' -d '{}' \"$AWS_ENDPOINT_URL\"";
    let folder = scratch("tls-curl");
    let path = folder.join("quiet.yaml");
    std::fs::write(&path, "brownout: 1\nname: quiet\ntitle: t\nservice: dynamodb\n").unwrap();
    let arguments = ["run", path.to_str().unwrap(), "--tls", "--trials", "1", "--no-control", "--", "sh", "-c"];
    let play = |script: &str| run(command(&arguments).arg(script));
    let said = play(ask);
    assert!(said.stdout.contains(" 200 0"), "{}{}", said.stdout, said.stderr);
    // By its name as well as by its address.
    let said = play(&ask.replace("\"$AWS_ENDPOINT_URL\"", "\"https://localhost:${AWS_ENDPOINT_URL##*:}\""));
    assert!(said.stdout.contains(" 200 0"), "{}{}", said.stdout, said.stderr);
    // Without the file of the authority there is no trust: an event, and no request.
    let said = play(&format!("unset CURL_CA_BUNDLE SSL_CERT_FILE; {ask}; true"));
    assert_eq!(said.exit, 2, "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains("TLS could not be agreed on"), "{}", said.stderr);
    // And who speaks no TLS at all is told so by the journal.
    let said = play("curl -sS --noproxy '*' \"http://${AWS_ENDPOINT_URL#https://}\"; true");
    assert_eq!(said.exit, 2, "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains("TLS could not be agreed on"), "{}", said.stderr);
}

#[test]
fn openssl_reads_a_certificate_that_is_valid_around_the_runs_clock() {
    if !has("openssl") {
        return;
    }
    let folder = scratch("tls-openssl");
    let host = SocketAddr::from(([127, 0, 0, 1], 0)).ip();
    // The clock of virtual time, years away from the machine's one day.
    let tls = brownout_mocks::transport::Tls::new(Clock::virtual_epoch(), host).unwrap();
    let file = folder.join("authority.pem");
    std::fs::write(&file, tls.authority()).unwrap();
    let mut read = Command::new("openssl");
    read.args(["x509", "-noout", "-dates", "-ext", "basicConstraints", "-in"]).arg(&file);
    let said = String::from_utf8(read.output().unwrap().stdout).unwrap();
    assert!(said.contains("notBefore=Dec 31 00:00:00 2025 GMT"), "{said}");
    assert!(said.contains("notAfter=Jan  1 00:00:00 2027 GMT"), "{said}");
    assert!(said.contains("CA:TRUE"), "{said}");
}
