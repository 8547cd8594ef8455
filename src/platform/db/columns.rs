//! The domain's types as columns: those with one spelling as TEXT, a moment as BIGINT.

use sqlx::any::{AnyTypeInfo, AnyValueRef};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Any, Decode, Encode, Type};

use crate::domain::time::Time;

/// Lets a type with one spelling be bound and read as a TEXT column.
macro_rules! text_column {
    ($($type:ty),+ $(,)?) => {$(
        impl Type<Any> for $type {
            fn type_info() -> AnyTypeInfo {
                <String as Type<Any>>::type_info()
            }

            fn compatible(info: &AnyTypeInfo) -> bool {
                <String as Type<Any>>::compatible(info)
            }
        }

        impl<'q> Encode<'q, Any> for $type {
            fn encode_by_ref(&self, buffer: &mut <Any as sqlx::Database>::ArgumentBuffer) -> std::result::Result<IsNull, BoxDynError> {
                <String as Encode<'q, Any>>::encode(self.to_string(), buffer)
            }
        }

        impl<'r> Decode<'r, Any> for $type {
            fn decode(value: AnyValueRef<'r>) -> std::result::Result<Self, BoxDynError> {
                Ok(<String as Decode<'r, Any>>::decode(value)?.parse()?)
            }
        }
    )+};
}

text_column!(
    crate::domain::approval::Decision,
    crate::domain::audit::What,
    crate::domain::authority::Role,
    crate::domain::board::Stage,
    crate::domain::ids::ChallengeId,
    crate::domain::ids::CustomerId,
    crate::domain::ids::DeviceId,
    crate::domain::ids::InviteListId,
    crate::domain::ids::LinkId,
    crate::domain::ids::MailId,
    crate::domain::ids::MethodId,
    crate::domain::ids::PasswordRequestId,
    crate::domain::ids::PhoneCodeId,
    crate::domain::ids::CallerCodeId,
    crate::domain::ids::ResetId,
    crate::domain::ids::ResetListId,
    crate::domain::ids::SessionId,
    crate::domain::ids::TokenId,
    crate::domain::ids::TokenImportId,
    crate::domain::ids::UserId,
    crate::domain::invitation::End,
    crate::domain::invitation::Untaken,
    crate::domain::address::Place,
    crate::domain::mail::Channel,
    crate::domain::method::MethodKind,
    crate::domain::plan::Failure,
    crate::domain::plan::Skip,
    crate::domain::recovery::End,
    crate::domain::sign_in::Purpose,
    crate::domain::sign_in::Step,
    crate::domain::token::TokenAct,
    crate::domain::token::TokenState,
    crate::domain::totp::Digest,
    crate::domain::user::Address,
);

impl Type<Any> for Time {
    fn type_info() -> AnyTypeInfo {
        <i64 as Type<Any>>::type_info()
    }

    fn compatible(info: &AnyTypeInfo) -> bool {
        <i64 as Type<Any>>::compatible(info)
    }
}

impl<'q> Encode<'q, Any> for Time {
    fn encode_by_ref(
        &self,
        buffer: &mut <Any as sqlx::Database>::ArgumentBuffer,
    ) -> std::result::Result<IsNull, BoxDynError> {
        <i64 as Encode<'q, Any>>::encode(self.unix_milliseconds(), buffer)
    }
}

impl<'r> Decode<'r, Any> for Time {
    fn decode(value: AnyValueRef<'r>) -> std::result::Result<Self, BoxDynError> {
        Ok(Self::from_unix_milliseconds(<i64 as Decode<'r, Any>>::decode(value)?))
    }
}
