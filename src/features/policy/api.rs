//! The server functions of a customer's policy.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::authority::Refusal;
use crate::domain::caller::SecondProof;
use crate::domain::ids::CustomerId;
use crate::domain::policy::{Concerned, Saved, Setting, Settings};
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// The settings as they were typed: a tick box that is not ticked is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Typed(pub BTreeMap<String, String>);

impl From<&Settings> for Typed {
    fn from(settings: &Settings) -> Self {
        let typed = |setting: &Setting| (setting.to_string(), settings.value(*setting));
        Self(Setting::ALL.iter().map(typed).filter(|(_, value)| value != "off").collect())
    }
}

impl Typed {
    /// What was typed for one setting.
    #[must_use]
    pub fn get(&self, setting: Setting) -> &str {
        self.0.get(setting.as_str()).map_or("", String::as_str)
    }

    /// Whether its box was ticked.
    #[must_use]
    pub fn is_on(&self, setting: Setting) -> bool {
        self.get(setting) == "on"
    }

    /// The settings that this makes.
    ///
    /// # Errors
    /// What is no number within its bounds, or none of the words offered.
    pub fn read(&self) -> Result<Settings, Vec<Setting>> {
        let numbers = [
            Setting::GraceDays,
            Setting::TrustDays,
            Setting::PhoneMessagesADay,
            Setting::LinkMinutes,
            Setting::ApproverFrom,
            Setting::RemindAfterHours,
            Setting::CodesLow,
        ];
        let read = numbers.map(|setting| setting.read(self.get(setting)));
        let [
            Some(grace_days),
            Some(trust_days),
            Some(phone_messages_a_day),
            Some(link_minutes),
            Some(approver_from),
            Some(remind_after_hours),
            Some(codes_low),
        ] = read
        else {
            let wrong = numbers.into_iter().zip(read).filter(|(_, number)| number.is_none());
            return Err(wrong.map(|(setting, _)| setting).collect());
        };
        // What was not chosen is what asks for more.
        let second_proof = match self.get(Setting::SecondProof) {
            "" => SecondProof::Password,
            typed => typed.parse().map_err(|_| vec![Setting::SecondProof])?,
        };
        Ok(Settings {
            mfa_required: self.is_on(Setting::MfaRequired),
            grace_days,
            trust_days,
            passkeys_allowed: self.is_on(Setting::PasskeysAllowed),
            passkeys_verify_user: self.is_on(Setting::PasskeysVerifyUser),
            hardware_tokens_allowed: self.is_on(Setting::HardwareTokensAllowed),
            phones_allowed: self.is_on(Setting::PhonesAllowed),
            phone_messages_a_day,
            link_minutes,
            set_up_at_sign_in: self.is_on(Setting::SetUpAtSignIn),
            second_proof,
            call_back_check: self.is_on(Setting::CallBackCheck),
            reason_required: self.is_on(Setting::ReasonRequired),
            ticket_required: self.is_on(Setting::TicketRequired),
            approver_from,
            approver_across: self.is_on(Setting::ApproverAcross),
            approver_privileged: self.is_on(Setting::ApproverPrivileged),
            remind_after_hours,
            codes_low,
        })
    }
}

/// A customer's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyPage {
    /// Which customer.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// What holds.
    pub settings: Settings,
    /// Since when MFA is required; none: from the beginning, or not at all.
    pub required_since: Option<Time>,
    /// Until when a set-up may be put off.
    pub grace_until: Option<Time>,
    /// What names this policy, to be saved against.
    pub version: String,
    /// Why the reader may not change it; none when they may.
    pub refusal: Option<Refusal>,
}

#[cfg(feature = "ssr")]
impl From<service::Shown> for PolicyPage {
    fn from(shown: service::Shown) -> Self {
        let policy = shown.customer.policy;
        Self {
            id: shown.customer.id,
            name: shown.customer.name,
            settings: policy.settings(),
            required_since: policy.mfa_required_since,
            grace_until: policy.grace_until(),
            version: crate::platform::text::version_of(&policy),
            refusal: shown.refusal,
        }
    }
}

/// A customer's policy; none where the reader may not see it, whether there is such a customer or not.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "policy/page")]
pub async fn show_policy(id: CustomerId) -> Result<Console<Option<PolicyPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let shown = service::show(&mut conn, &session.actor, id).await?;
    if shown.is_none() {
        request.not_found();
    }
    Ok(request.console(&session, shown.map(PolicyPage::from)))
}

/// What would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What should hold.
    pub asked: Settings,
    /// The settings that differ, in the order of the page; none when nothing does.
    pub differing: Vec<Setting>,
    /// Until when a set-up could be put off, if it were saved now.
    pub grace_until: Option<Time>,
    /// Whom it concerns.
    pub concerned: Concerned,
}

/// What an owner reads before they save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewPage {
    /// What holds now.
    pub policy: PolicyPage,
    /// What would change, or the numbers that are none.
    pub change: Result<Change, Vec<Setting>>,
}

/// Looks at a change before it is made; none as for [`show_policy`]. For whoever may not change anything, nothing is
/// counted.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "policy/review")]
pub async fn review_policy(
    id: CustomerId,
    #[server(default)] typed: Typed,
) -> Result<Console<Option<ReviewPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let Some(shown) = service::show(&mut conn, &session.actor, id).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let now = request.platform.now();
    let change = match (typed.read(), service::governed(&session.actor, id)) {
        (Err(wrong), _) => Err(wrong),
        (Ok(_), None) => Err(Vec::new()),
        (Ok(asked), Some(scope)) => {
            let policy = shown.customer.policy;
            Ok(Change {
                asked,
                differing: policy.settings().differing(&asked),
                grace_until: policy.changed_to(asked, now).grace_until(),
                concerned: service::concerned(&mut conn, &scope, &shown.customer, &asked, now).await?,
            })
        }
    };
    Ok(request.console(&session, Some(ReviewPage { policy: shown.into(), change })))
}

/// Saves a reviewed policy with the owner's own code.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "policy/save")]
pub async fn save_policy(
    id: CustomerId,
    #[server(default)] typed: Typed,
    #[server(default)] version: String,
    #[server(default)] code: String,
) -> Result<Saved, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match typed.read() {
        Err(_) => Saved::Malformed,
        Ok(settings) => {
            let asked = service::Asked { settings, version, code };
            let (saved, token) = service::save(&request.platform, &request.origin, &session, id, &asked).await?;
            if let Some(token) = token {
                request.set_token(Cookie::Session, &token);
            }
            saved
        }
    };
    if outcome == Saved::Done {
        request.go(&format!("/customers/{id}/policy"));
    }
    request.leave("policy", outcome, &[]);
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Policy;

    #[test]
    fn a_form_that_is_sent_back_as_it_came_changes_nothing() {
        let settings = Settings { ticket_required: true, reason_required: false, ..Policy::default().settings() };
        let typed = Typed::from(&settings);
        assert_eq!(typed.read(), Ok(settings));
        assert!(!typed.0.contains_key("reason_required"));
    }

    #[test]
    fn every_number_that_is_none_is_named() {
        let mut typed = Typed::from(&Policy::default().settings());
        typed.0.insert("grace_days".into(), "91".into());
        typed.0.remove("codes_low");
        assert_eq!(typed.read(), Err(vec![Setting::GraceDays, Setting::CodesLow]));
    }
}
