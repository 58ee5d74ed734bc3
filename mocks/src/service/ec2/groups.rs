//! Security groups and their rules.

use serde_json::{Value, json};

use super::{Ec2, Stage, done, filters, numbered, structures};
use crate::protocol::WireError;
use crate::service::{Done, text, wire_error_with};

/// The kind of entity that a security group is.
pub(super) const KIND: &str = "security-group";

impl Stage<'_> {
    pub(super) fn create_group(&mut self) -> Result<Done, WireError> {
        let name = self.required("GroupName")?;
        if self.group_named(&name).is_some() {
            let message = format!("The security group '{name}' already exists");
            return Err(wire_error_with(&Ec2, "InvalidGroup.Duplicate", message));
        }
        let id = self.world.id("sg-");
        let vpc = Some(text(self.params, "VpcId")).filter(|v| !v.is_empty()).unwrap_or("vpc-00000000000000000");
        let value = json!({
            "name": name,
            "description": text(self.params, "GroupDescription"),
            "vpc": vpc,
            "rules": [],
            "tags": [],
        });
        self.world.put(&self.home, KIND, &id, value);
        Ok(Done { created: vec![id.clone()], ..done(json!({"return": true, "groupId": id})) })
    }

    /// The id of the group with this name.
    fn group_named(&self, name: &str) -> Option<String> {
        let mut groups = self.world.list(&self.home, KIND);
        groups.find(|(_, group)| text(&group.value, "name") == name).map(|(id, _)| id.to_owned())
    }

    /// The ids of the groups that the request names, by id or by name; they must all exist.
    fn named_groups(&self) -> Result<Vec<String>, WireError> {
        let mut ids = numbered(self.params, "GroupId");
        if let Some(missing) = ids.iter().find(|id| self.world.get(&self.home, KIND, id).is_none()) {
            return Err(self.not_found("security group", missing));
        }
        for name in numbered(self.params, "GroupName") {
            ids.push(self.group_named(&name).ok_or_else(|| {
                let message = format!("The security group '{name}' does not exist");
                wire_error_with(&Ec2, "InvalidGroup.NotFound", message)
            })?);
        }
        Ok(ids)
    }

    /// The one group that the request is about.
    fn one_group(&self) -> Result<String, WireError> {
        self.named_groups()?.into_iter().next().map_or_else(|| self.required("GroupId"), Ok)
    }

    pub(super) fn describe_groups(&mut self) -> Result<Done, WireError> {
        let mut ids = self.named_groups()?;
        if ids.is_empty() {
            ids = self.world.list(&self.home, KIND).map(|(id, _)| id.to_owned()).collect();
        }
        let filters = filters(self.params);
        let mut set = Vec::new();
        for id in ids {
            let Some(group) = self.world.get(&self.home, KIND, &id) else { continue };
            let passes = filters.iter().all(|(name, wanted)| match name.as_str() {
                "group-id" => wanted.contains(&id),
                "group-name" => wanted.iter().any(|w| w == text(&group.value, "name")),
                "vpc-id" => wanted.iter().any(|w| w == text(&group.value, "vpc")),
                _ => true,
            });
            if passes {
                set.push(json!({
                    "ownerId": self.account,
                    "groupId": id,
                    "groupName": text(&group.value, "name"),
                    "groupDescription": text(&group.value, "description"),
                    "vpcId": text(&group.value, "vpc"),
                    "ipPermissions": group.value.get("rules"),
                    "ipPermissionsEgress": [],
                    "tagSet": group.value.get("tags"),
                }));
            }
        }
        Ok(done(json!({"securityGroupInfo": set})))
    }

    pub(super) fn delete_group(&mut self) -> Result<Done, WireError> {
        let id = self.one_group()?;
        self.world.remove(&self.home, KIND, &id);
        Ok(done(json!({"return": true, "groupId": id})))
    }

    pub(super) fn authorize_ingress(&mut self) -> Result<Done, WireError> {
        let id = self.one_group()?;
        let wanted = rules(self.params);
        let Some(known) = self.rules_of(&id) else { return Err(self.not_found("security group", &id)) };
        if wanted.iter().any(|rule| known.contains(rule)) {
            return Err(wire_error_with(&Ec2, "InvalidPermission.Duplicate", "The rule already exists in the group"));
        }
        known.extend(wanted);
        Ok(done(json!({"return": true, "securityGroupRuleSet": []})))
    }

    pub(super) fn revoke_ingress(&mut self) -> Result<Done, WireError> {
        let id = self.one_group()?;
        let unwanted = rules(self.params);
        let Some(known) = self.rules_of(&id) else { return Err(self.not_found("security group", &id)) };
        if unwanted.iter().any(|rule| !known.contains(rule)) {
            return Err(wire_error_with(&Ec2, "InvalidPermission.NotFound", "The rule is not in the group"));
        }
        known.retain(|rule| !unwanted.contains(rule));
        Ok(done(json!({"return": true})))
    }

    fn rules_of(&mut self, id: &str) -> Option<&mut Vec<Value>> {
        self.world.get_mut(&self.home, KIND, id)?.value.get_mut("rules")?.as_array_mut()
    }
}

/// The rules of a request, in its long or its short form, as the Describe call shows them.
fn rules(params: &Value) -> Vec<Value> {
    let mut all = structures(params, "IpPermissions");
    if !text(params, "IpProtocol").is_empty() {
        all.push(params.clone());
    }
    let rule = |given: &Value| {
        let ranges: Vec<Value> = structures(given, "IpRanges")
            .iter()
            .map(|range| text(range, "CidrIp"))
            .chain(Some(text(given, "CidrIp")))
            .filter(|cidr| !cidr.is_empty())
            .map(|cidr| json!({"cidrIp": cidr}))
            .collect();
        json!({
            "ipProtocol": text(given, "IpProtocol"),
            "fromPort": text(given, "FromPort").parse::<i64>().ok(),
            "toPort": text(given, "ToPort").parse::<i64>().ok(),
            "groups": [],
            "ipRanges": ranges,
        })
    };
    all.iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use crate::protocol::WireError;
    use crate::service::Done;
    use crate::service::testing::Stage;

    #[test]
    fn a_group_lives_and_dies() {
        let mut stage = Stage::new("ec2");
        let code = |result: Result<Done, WireError>| result.unwrap_err().code;
        let create = "Action=CreateSecurityGroup&GroupName=web&GroupDescription=d";
        let id = stage.form(create).unwrap().created[0].clone();
        assert_eq!(code(stage.form(create)), "InvalidGroup.Duplicate");
        let rule = "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0%2F8";
        let allow = format!("Action=AuthorizeSecurityGroupIngress&GroupId={id}&{rule}");
        stage.form(&allow).unwrap();
        assert_eq!(code(stage.form(&allow)), "InvalidPermission.Duplicate");
        let seen = stage.form("Action=DescribeSecurityGroups&GroupName.1=web").unwrap().output;
        assert_eq!(seen["securityGroupInfo"][0]["ipPermissions"][0]["ipRanges"][0]["cidrIp"], "10.0.0.0/8");
        let revoke = allow.replace("Authorize", "Revoke");
        stage.form(&revoke).unwrap();
        assert_eq!(code(stage.form(&revoke)), "InvalidPermission.NotFound");
        stage.form(&format!("Action=DeleteSecurityGroup&GroupId={id}")).unwrap();
        assert_eq!(code(stage.form(&format!("Action=DescribeSecurityGroups&GroupId.1={id}"))), "InvalidGroup.NotFound");
        assert_eq!(code(stage.form("Action=DeleteSecurityGroup&GroupName=web")), "InvalidGroup.NotFound");
    }
}
