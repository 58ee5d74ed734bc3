//! Key pairs: names that are taken or not. No key is made.

use serde_json::{Value, json};

use super::{Ec2, Stage, done, filters, numbered};
use crate::protocol::WireError;
use crate::service::{Done, text, wire_error_with};

/// The kind of entity that a key pair is, by its name.
const KIND: &str = "key-pair";

/// A fingerprint of the right shape.
const FINGERPRINT: &str = "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00";

impl Stage<'_> {
    pub(super) fn create_key_pair(&mut self) -> Result<Done, WireError> {
        let name = self.required("KeyName")?;
        if self.world.get(&self.home, KIND, &name).is_some() {
            let message = format!("The keypair '{name}' already exists.");
            return Err(wire_error_with(&Ec2, "InvalidKeyPair.Duplicate", message));
        }
        let id = self.world.id("key-");
        let output = json!({
            "keyName": name,
            "keyPairId": id,
            "keyFingerprint": FINGERPRINT,
            "keyMaterial": "brownout makes no keys",
        });
        self.world.put(&self.home, KIND, &name, json!({"id": id}));
        Ok(Done { created: vec![name], ..done(output) })
    }

    /// The name of the key pair with this id.
    fn key_of(&self, id: &str) -> Option<String> {
        let mut keys = self.world.list(&self.home, KIND);
        keys.find(|(_, key)| text(&key.value, "id") == id).map(|(name, _)| name.to_owned())
    }

    /// The key pairs that the request names, by name or by id, which must all exist; or all that exist.
    pub(super) fn describe_key_pairs(&mut self) -> Result<Done, WireError> {
        let missing = |what: &str| {
            let message = format!("The key pair '{what}' does not exist");
            wire_error_with(&Ec2, "InvalidKeyPair.NotFound", message)
        };
        let mut names = numbered(self.params, "KeyName");
        if let Some(unknown) = names.iter().find(|name| self.world.get(&self.home, KIND, name).is_none()) {
            return Err(missing(unknown));
        }
        for id in numbered(self.params, "KeyPairId") {
            names.push(self.key_of(&id).ok_or_else(|| missing(&id))?);
        }
        if names.is_empty() {
            names = self.world.list(&self.home, KIND).map(|(name, _)| name.to_owned()).collect();
        }
        let filters = filters(self.params);
        names.retain(|name| filters.iter().all(|(filter, wanted)| filter != "key-name" || wanted.contains(name)));
        let shown = |name: &String| {
            let key = self.world.get(&self.home, KIND, name)?;
            Some(json!({
                "keyName": name,
                "keyPairId": text(&key.value, "id"),
                "keyFingerprint": FINGERPRINT,
                "keyType": "rsa",
                "createTime": self.created_at(key.created),
                "tagSet": [],
            }))
        };
        let set: Vec<Value> = names.iter().filter_map(shown).collect();
        Ok(done(json!({"keySet": set})))
    }

    /// Deleting a key pair that is not there is fine too: EC2 says so of a second deletion.
    pub(super) fn delete_key_pair(&mut self) -> Result<Done, WireError> {
        let id = numbered(self.params, "KeyPairId").into_iter().next();
        let name = match id {
            Some(id) => self.key_of(&id),
            None => Some(self.required("KeyName")?),
        };
        if let Some(name) = name {
            self.world.remove(&self.home, KIND, &name);
        }
        Ok(done(json!({"return": true})))
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::WireError;
    use crate::service::Done;
    use crate::service::testing::Stage;

    #[test]
    fn a_key_pair_is_made_once_and_deleted_for_good() {
        let mut stage = Stage::new("ec2");
        let code = |result: Result<Done, WireError>| result.unwrap_err().code;
        assert_eq!(code(stage.form("Action=CreateKeyPair")), "MissingParameter");
        let id = stage.form("Action=CreateKeyPair&KeyName=k").unwrap().output["keyPairId"].clone();
        assert_eq!(code(stage.form("Action=CreateKeyPair&KeyName=k")), "InvalidKeyPair.Duplicate");
        let all = "Action=DescribeKeyPairs";
        assert_eq!(stage.form(all).unwrap().output["keySet"][0]["keyPairId"], id);
        let by_id = format!("{all}&KeyPairId.1={}", id.as_str().unwrap());
        assert_eq!(stage.form(&by_id).unwrap().output["keySet"][0]["keyName"], "k");
        assert_eq!(code(stage.form("Action=DescribeKeyPairs&KeyName.1=other")), "InvalidKeyPair.NotFound");
        for _ in 0..2 {
            stage.form("Action=DeleteKeyPair&KeyName=k").unwrap();
        }
        assert_eq!(code(stage.form("Action=DescribeKeyPairs&KeyName.1=k")), "InvalidKeyPair.NotFound");
        assert_eq!(code(stage.form(&by_id)), "InvalidKeyPair.NotFound");
        assert_eq!(stage.form(all).unwrap().output["keySet"], serde_json::json!([]));
        stage.form("Action=CreateKeyPair&KeyName=k").unwrap();
    }
}
