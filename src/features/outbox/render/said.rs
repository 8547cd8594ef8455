//! What each mail says.

use super::decision::{decided, decided_by_another};
use super::line::{Line, isolated};
use super::named::{a, a_passkey, called, listed, persons, role_meaning, role_word, the};
use super::{Recipient, Way};
use crate::domain::access::last_moment;
use crate::domain::mail::Mail;
use crate::domain::method::MethodKind;
use crate::domain::user::clean_name;
use crate::domain::zone::Zone;
use crate::words::dates::day;
use crate::words::{browser_name, mail_about as about, td_string};

/// What one kind of mail says; the rest of the sheet is the same for all.
pub(super) struct Said {
    pub(super) subject: &'static str,
    pub(super) says: Vec<Line>,
    pub(super) doubt: &'static str,
    pub(super) doubt_do: &'static str,
}

pub(super) fn said(mail: &Mail, to: &Recipient<'_>, way: Option<&Way>) -> Said {
    let locale = to.locale;
    let says = |text: String| Line(text);
    let (subject, says, doubt, doubt_do) = match mail {
        Mail::Reset { reset_at, requester, reminder, .. } => {
            let happened =
                td_string!(locale, mail.reset.happened, moment = to.moment(*reset_at), who = isolated(requester));
            let mut lines = vec![says(format!("{happened} {}", td_string!(locale, mail.reset.stopped)))];
            lines.push(says(td_string!(locale, mail.reset.needed).to_owned()));
            if matches!(way, Some(Way::SignIn(_))) {
                lines.push(says(td_string!(locale, mail.reset.late).to_owned()));
            }
            let doubt = (td_string!(locale, mail.reset.doubt), td_string!(locale, mail.reset.doubt_do));
            let subject = if *reminder {
                td_string!(locale, mail.reset.subject_again)
            } else {
                td_string!(locale, mail.reset.subject)
            };
            (subject, lines, doubt.0, doubt.1)
        }
        Mail::Invitation { at, by, .. } => {
            let (moment, who) = (to.moment(*at), isolated(by));
            let customer = isolated(&clean_name(to.customer));
            let happened =
                td_string!(locale, mail.invitation.happened, moment = moment, who = who, customer = customer);
            let lines = vec![says(happened), says(td_string!(locale, mail.invitation.needed).to_owned())];
            let doubt = (td_string!(locale, mail.invitation.doubt), td_string!(locale, mail.invitation.doubt_do));
            (td_string!(locale, mail.invitation.subject), lines, doubt.0, doubt.1)
        }
        Mail::Suspended { at, by } => {
            let happened = td_string!(locale, mail.suspended.happened, moment = to.moment(*at), who = isolated(by));
            let lines = vec![says(happened), says(td_string!(locale, mail.suspended.now).to_owned())];
            let doubt = (td_string!(locale, mail.suspended.doubt), td_string!(locale, mail.suspended.doubt_do));
            (td_string!(locale, mail.suspended.subject), lines, doubt.0, doubt.1)
        }
        Mail::Reactivated { at, by, invited } => {
            let happened = td_string!(locale, mail.reactivated.happened, moment = to.moment(*at), who = isolated(by));
            let now = if *invited {
                td_string!(locale, mail.reactivated.now_invited)
            } else {
                td_string!(locale, mail.reactivated.now)
            };
            let doubt = (td_string!(locale, mail.reactivated.doubt), td_string!(locale, mail.reactivated.doubt_do));
            let lines = vec![says(happened), says(now.to_owned())];
            (td_string!(locale, mail.reactivated.subject), lines, doubt.0, doubt.1)
        }
        Mail::Removed { at, by } => {
            let happened = td_string!(locale, mail.removed.happened, moment = to.moment(*at), who = isolated(by));
            let lines = vec![says(happened), says(td_string!(locale, mail.removed.now).to_owned())];
            let doubt = (td_string!(locale, mail.removed.doubt), td_string!(locale, mail.removed.doubt_do));
            (td_string!(locale, mail.removed.subject), lines, doubt.0, doubt.1)
        }
        Mail::AuthenticatorAdded { at } => {
            let happened = td_string!(locale, mail.added.happened, moment = to.moment(*at));
            let lines = vec![says(happened), says(td_string!(locale, mail.added.now).to_owned())];
            let doubt = (td_string!(locale, mail.added.doubt), td_string!(locale, mail.added.doubt_do));
            (td_string!(locale, mail.added.subject), lines, doubt.0, doubt.1)
        }
        Mail::MethodAdded { at, method, name } => {
            let moment = to.moment(*at);
            let happened = if let Some(name) = called(name.as_deref()) {
                td_string!(
                    locale,
                    mail.method_added.happened_named,
                    moment = moment,
                    method = the(locale, *method),
                    name = name
                )
            } else {
                td_string!(locale, mail.method_added.happened, moment = moment, method = a(locale, *method))
            };
            let now = match method {
                MethodKind::AuthenticatorApp | MethodKind::HardwareToken => td_string!(locale, mail.method_added.now),
                MethodKind::Passkey => td_string!(locale, mail.method_added.now_passkey),
                MethodKind::Phone => td_string!(locale, mail.method_added.now_phone),
            };
            let lines = vec![says(happened), says(now.to_owned())];
            let doubt = (td_string!(locale, mail.method_added.doubt), td_string!(locale, mail.method_added.doubt_do));
            let subject = match method {
                MethodKind::AuthenticatorApp => td_string!(locale, mail.method_added.subject),
                MethodKind::Passkey => td_string!(locale, mail.method_added.subject_passkey),
                MethodKind::HardwareToken => td_string!(locale, mail.method_added.subject_token),
                MethodKind::Phone => td_string!(locale, mail.method_added.subject_phone),
            };
            (subject, lines, doubt.0, doubt.1)
        }
        Mail::MethodRemoved { at, method, name, by, last, .. } => {
            let (moment, name) = (to.moment(*at), called(name.as_deref()));
            let happened = match (by.as_deref().map(isolated), name) {
                (None, None) => {
                    td_string!(locale, mail.method_removed.happened, moment = moment, method = a(locale, *method))
                }
                (None, Some(name)) => {
                    td_string!(
                        locale,
                        mail.method_removed.happened_named,
                        moment = moment,
                        method = the(locale, *method),
                        name = name
                    )
                }
                (Some(who), None) => {
                    td_string!(locale, mail.method_removed.by, moment = moment, method = a(locale, *method), who = who)
                }
                (Some(who), Some(name)) => {
                    td_string!(
                        locale,
                        mail.method_removed.by_named,
                        moment = moment,
                        method = the(locale, *method),
                        who = who,
                        name = name
                    )
                }
            };
            let left = match (last, by.is_some()) {
                (false, false) => td_string!(locale, mail.method_removed.others),
                (false, true) => td_string!(locale, mail.method_removed.others_by),
                (true, false) => td_string!(locale, mail.method_removed.last),
                (true, true) => td_string!(locale, mail.method_removed.last_by),
            };
            let doubt =
                (td_string!(locale, mail.method_removed.doubt), td_string!(locale, mail.method_removed.doubt_do));
            let lines = vec![says(happened), says(left.to_owned())];
            let subject = match method {
                MethodKind::AuthenticatorApp => td_string!(locale, mail.method_removed.subject),
                MethodKind::Passkey => td_string!(locale, mail.method_removed.subject_passkey),
                MethodKind::HardwareToken => td_string!(locale, mail.method_removed.subject_token),
                MethodKind::Phone => td_string!(locale, mail.method_removed.subject_phone),
            };
            (subject, lines, doubt.0, doubt.1)
        }
        Mail::TokenAssigned { at, serial, by } => {
            let (moment, who) = (to.moment(*at), isolated(by));
            let serial = isolated(serial);
            let happened =
                td_string!(locale, mail.token_assigned.happened, moment = moment, who = who, serial = serial);
            let lines = vec![says(happened), says(td_string!(locale, mail.token_assigned.needed).to_owned())];
            let doubt =
                (td_string!(locale, mail.token_assigned.doubt), td_string!(locale, mail.token_assigned.doubt_do));
            (td_string!(locale, mail.token_assigned.subject), lines, doubt.0, doubt.1)
        }
        Mail::PasswordChanged { at } => {
            let happened = td_string!(locale, mail.password_changed.happened, moment = to.moment(*at));
            let lines = vec![says(happened), says(td_string!(locale, mail.password_changed.now).to_owned())];
            let doubt =
                (td_string!(locale, mail.password_changed.doubt), td_string!(locale, mail.password_changed.doubt_do));
            (td_string!(locale, mail.password_changed.subject), lines, doubt.0, doubt.1)
        }
        Mail::PasswordSet { at } => {
            let happened = td_string!(locale, mail.password_set.happened, moment = to.moment(*at));
            let lines = vec![says(happened), says(td_string!(locale, mail.password_set.now).to_owned())];
            let doubt = (td_string!(locale, mail.password_set.doubt), td_string!(locale, mail.password_set.doubt_do));
            (td_string!(locale, mail.password_set.subject), lines, doubt.0, doubt.1)
        }
        Mail::CallerCodeMade { at, by, until } => {
            let (at, until, who) = (to.moment(*at), to.moment(*until), isolated(by));
            let happened = td_string!(locale, mail.caller_code.made, moment = at, who = who);
            let now = td_string!(locale, mail.caller_code.made_now, until = until);
            let doubt = (td_string!(locale, mail.caller_code.made_doubt), td_string!(locale, mail.caller_code.made_do));
            (td_string!(locale, mail.caller_code.made_subject), vec![says(happened), says(now)], doubt.0, doubt.1)
        }
        Mail::CallerCodeUsed { at } => {
            let happened = td_string!(locale, mail.caller_code.used, moment = to.moment(*at));
            let lines = vec![says(happened), says(td_string!(locale, mail.caller_code.used_now).to_owned())];
            let doubt = (td_string!(locale, mail.caller_code.used_doubt), td_string!(locale, mail.caller_code.used_do));
            (td_string!(locale, mail.caller_code.used_subject), lines, doubt.0, doubt.1)
        }
        Mail::NewPassword { at, .. } => {
            let happened = td_string!(locale, mail.new_password.happened, moment = to.moment(*at));
            let lines = vec![says(happened), says(td_string!(locale, mail.new_password.needed).to_owned())];
            let doubt = (td_string!(locale, mail.new_password.doubt), td_string!(locale, mail.new_password.doubt_do));
            (td_string!(locale, mail.new_password.subject), lines, doubt.0, doubt.1)
        }
        Mail::NewPasswordHelp { at } => {
            let happened = td_string!(locale, mail.new_password.happened, moment = to.moment(*at));
            let lines = vec![says(happened), says(td_string!(locale, mail.new_password.help).to_owned())];
            let doubt = (td_string!(locale, mail.new_password.doubt), td_string!(locale, mail.new_password.doubt_do));
            (td_string!(locale, mail.new_password.help_subject), lines, doubt.0, doubt.1)
        }
        Mail::PhoneCode { .. } => unreachable!("a message to a phone is no letter: see message_to_phone"),
        Mail::PasskeyCopied { at, name } => {
            let (moment, what) = (to.moment(*at), a_passkey(locale, name.as_deref()));
            let happened = td_string!(locale, mail.passkey_copied.happened, moment = moment, what = what);
            let lines = vec![says(happened), says(td_string!(locale, mail.passkey_copied.now).to_owned())];
            let doubt =
                (td_string!(locale, mail.passkey_copied.doubt), td_string!(locale, mail.passkey_copied.doubt_do));
            (td_string!(locale, mail.passkey_copied.subject), lines, doubt.0, doubt.1)
        }
        Mail::DeviceTrusted { at, until, browser } => {
            let (moment, until) = (to.moment(*at), to.moment(*until));
            let happened =
                if let Some(browser) = called(browser.as_deref().map(|agent| browser_name(locale, agent)).as_deref()) {
                    td_string!(locale, mail.device_trusted.happened_in, moment = moment, browser = browser)
                } else {
                    td_string!(locale, mail.device_trusted.happened, moment = moment)
                };
            let now = td_string!(locale, mail.device_trusted.now, until = until);
            let doubt =
                (td_string!(locale, mail.device_trusted.doubt), td_string!(locale, mail.device_trusted.doubt_do));
            (td_string!(locale, mail.device_trusted.subject), vec![says(happened), says(now)], doubt.0, doubt.1)
        }
        Mail::NewAddress { at, .. } => {
            let (moment, customer) = (to.moment(*at), isolated(&clean_name(to.customer)));
            let happened = td_string!(locale, mail.new_address.happened, moment = moment, customer = customer);
            let lines = vec![says(happened), says(td_string!(locale, mail.new_address.needed).to_owned())];
            let doubt = (td_string!(locale, mail.new_address.doubt), td_string!(locale, mail.new_address.doubt_do));
            (td_string!(locale, mail.new_address.subject), lines, doubt.0, doubt.1)
        }
        Mail::AddressChanged { at, address } => {
            let (moment, address) = (to.moment(*at), isolated(address));
            let happened = td_string!(locale, mail.address.changed, moment = moment, address = address);
            let lines = vec![says(happened), says(td_string!(locale, mail.address.changed_now).to_owned())];
            let doubt = (td_string!(locale, mail.address.doubt), td_string!(locale, mail.address.changed_do));
            (td_string!(locale, mail.address.changed_subject), lines, doubt.0, doubt.1)
        }
        Mail::AddressLost { at, address, .. } => {
            let (moment, address) = (to.moment(*at), isolated(address));
            let happened = td_string!(locale, mail.address.changed, moment = moment, address = address);
            let mut lines = vec![says(happened), says(td_string!(locale, mail.address.lost_now).to_owned())];
            if way.is_some() {
                lines.push(says(td_string!(locale, mail.address.lost_undo).to_owned()));
            }
            let doubt = (td_string!(locale, mail.address.doubt), td_string!(locale, mail.address.lost_do));
            (td_string!(locale, mail.address.lost_subject), lines, doubt.0, doubt.1)
        }
        Mail::AddressRestored { at, address } => {
            let (moment, address) = (to.moment(*at), isolated(address));
            let happened = td_string!(locale, mail.address.restored, moment = moment, address = address);
            let lines = vec![says(happened), says(td_string!(locale, mail.address.restored_now).to_owned())];
            let doubt = (td_string!(locale, mail.address.doubt), td_string!(locale, mail.address.restored_do));
            (td_string!(locale, mail.address.restored_subject), lines, doubt.0, doubt.1)
        }
        Mail::SecondAddress { at, address, added } => {
            let (moment, address) = (to.moment(*at), isolated(address));
            let doubt = td_string!(locale, mail.second_address.doubt);
            if *added {
                let happened = td_string!(locale, mail.second_address.added, moment = moment, address = address);
                let lines = vec![says(happened), says(td_string!(locale, mail.second_address.added_now).to_owned())];
                let doubt_do = td_string!(locale, mail.second_address.added_do);
                (td_string!(locale, mail.second_address.added_subject), lines, doubt, doubt_do)
            } else {
                let happened = td_string!(locale, mail.second_address.removed, moment = moment, address = address);
                let lines = vec![says(happened), says(td_string!(locale, mail.second_address.removed_now).to_owned())];
                let doubt_do = td_string!(locale, mail.second_address.removed_do);
                (td_string!(locale, mail.second_address.removed_subject), lines, doubt, doubt_do)
            }
        }
        Mail::Frozen { at } => {
            let happened = td_string!(locale, mail.frozen.happened, moment = to.moment(*at));
            let lines = vec![says(happened), says(td_string!(locale, mail.frozen.now).to_owned())];
            let doubt = (td_string!(locale, mail.frozen.doubt), td_string!(locale, mail.frozen.doubt_do));
            (td_string!(locale, mail.frozen.subject), lines, doubt.0, doubt.1)
        }
        Mail::Disowned { at, name, address, notice, .. } => {
            let (moment, who) = (to.moment(*at), isolated(&clean_name(name)));
            let (address, about) = (isolated(address), about(locale, notice));
            let happened = td_string!(
                locale,
                mail.disowned.happened,
                moment = moment,
                who = who,
                address = address,
                about = about
            );
            let lines = vec![says(happened), says(td_string!(locale, mail.disowned.now).to_owned())];
            let doubt = (td_string!(locale, mail.disowned.doubt), td_string!(locale, mail.disowned.doubt_do));
            (td_string!(locale, mail.disowned.subject), lines, doubt.0, doubt.1)
        }
        Mail::BackupCodesMade { at } => {
            let happened = td_string!(locale, mail.codes_made.happened, moment = to.moment(*at));
            let lines = vec![says(happened), says(td_string!(locale, mail.codes_made.now).to_owned())];
            let doubt = (td_string!(locale, mail.codes_made.doubt), td_string!(locale, mail.codes_made.doubt_do));
            (td_string!(locale, mail.codes_made.subject), lines, doubt.0, doubt.1)
        }
        Mail::BackupCodeUsed { at, left } => {
            let happened = td_string!(locale, mail.backup_code.happened, moment = to.moment(*at));
            let left = match left {
                0 => td_string!(locale, mail.backup_code.left_none).to_owned(),
                1 => td_string!(locale, mail.backup_code.left_one).to_owned(),
                count => td_string!(locale, mail.backup_code.left, count = count),
            };
            let doubt = (td_string!(locale, mail.backup_code.doubt), td_string!(locale, mail.backup_code.doubt_do));
            (td_string!(locale, mail.backup_code.subject), vec![says(happened), says(left)], doubt.0, doubt.1)
        }
        Mail::RoleGiven { at, place, by, role, until } => {
            let (moment, who, place) = (to.moment(*at), isolated(by), isolated(&clean_name(place)));
            let happened = td_string!(
                locale,
                mail.role.given,
                moment = moment,
                who = who,
                role = role_word(locale, *role),
                place = place
            );
            let mut lines = vec![says(happened), says(role_meaning(locale, *role).to_owned())];
            lines.extend(until.map(|until| {
                let last = day(locale, &Zone::UTC, last_moment(until));
                says(td_string!(locale, mail.role.until, day = last))
            }));
            let doubt = (td_string!(locale, mail.role.doubt), td_string!(locale, mail.role.doubt_do));
            (td_string!(locale, mail.role.subject), lines, doubt.0, doubt.1)
        }
        Mail::ApprovalAsked { at, by, people, places, more_places, .. } => {
            let (moment, who) = (to.moment(*at), isolated(by));
            let (people, places) = (persons(locale, *people), listed(locale, places, *more_places));
            let happened =
                td_string!(locale, mail.approval.asked, moment = moment, who = who, people = people, places = places);
            let lines = vec![says(happened), says(td_string!(locale, mail.approval.needed).to_owned())];
            let doubt = (td_string!(locale, mail.approval.doubt), td_string!(locale, mail.approval.doubt_do));
            (td_string!(locale, mail.approval.subject), lines, doubt.0, doubt.1)
        }
        Mail::ApprovalDecided { at, by, people, decision, .. } => {
            let (moment, who, people) = (to.moment(*at), isolated(by), persons(locale, *people));
            let (subject, happened, now) = decided(locale, *decision, moment, who, people);
            let doubt = (td_string!(locale, mail.approval.decided_doubt), td_string!(locale, mail.approval.decided_do));
            (subject, vec![says(happened), says(now.to_owned())], doubt.0, doubt.1)
        }
        Mail::ApprovalOver { at, by, people, decision, .. } => {
            let (moment, who, people) = (to.moment(*at), isolated(by), persons(locale, *people));
            let happened = decided_by_another(locale, *decision, moment, who, people);
            let lines = vec![says(happened), says(td_string!(locale, mail.approval.over_now).to_owned())];
            let doubt = (td_string!(locale, mail.approval.doubt), td_string!(locale, mail.approval.over_do));
            (td_string!(locale, mail.approval.over_subject), lines, doubt.0, doubt.1)
        }
        Mail::PeopleBack { since, lately, back, of, .. } => {
            let lately = persons(locale, usize::try_from(*lately).unwrap_or(0));
            let happened = td_string!(locale, mail.back.happened, people = lately, moment = to.moment(*since));
            let (subject, now) = if back >= of {
                (td_string!(locale, mail.back.all_subject), td_string!(locale, mail.back.all).to_owned())
            } else {
                (td_string!(locale, mail.back.subject), td_string!(locale, mail.back.now, back = back, of = of))
            };
            let doubt = (td_string!(locale, mail.back.doubt), td_string!(locale, mail.back.doubt_do));
            (subject, vec![says(happened), says(now)], doubt.0, doubt.1)
        }
        Mail::RoleEnded { at, place, by } => {
            let (moment, who, place) = (to.moment(*at), isolated(by), isolated(&clean_name(place)));
            let happened = td_string!(locale, mail.role.ended, moment = moment, who = who, place = place);
            let lines = vec![says(happened), says(td_string!(locale, mail.role.ended_now).to_owned())];
            let doubt = (td_string!(locale, mail.role.doubt), td_string!(locale, mail.role.ended_do));
            (td_string!(locale, mail.role.ended_subject), lines, doubt.0, doubt.1)
        }
    };
    Said { subject, says, doubt, doubt_do }
}
