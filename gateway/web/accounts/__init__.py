"""Accounts: one's own, the staff's, how to get in, and who saw and did what."""

from aiohttp import web

from gateway.web.accounts import account, audit_page, invitation, people, second_factor, sign_on
from gateway.web.pages import page

_MEMBER = "/staff/{id:[0-9]{1,19}}"
_INVITATION = "/invitation/{token:[A-Za-z0-9_-]{20,100}}"


def add_routes(app: web.Application) -> None:
    """Add this part's routes to the internal listener."""
    for path, handler in (
        ("/login/sso", sign_on.begin),
        ("/login/sso/return", sign_on.finish),
        ("/account", account.show),
        ("/account/second-factor", second_factor.show),
        ("/staff", people.listed),
        (_MEMBER, people.show),
        (_INVITATION, invitation.show),
        ("/audit", audit_page.show),
        ("/audit.csv", audit_page.export),
    ):
        app.router.add_get(path, page(handler))
    for path, handler in (
        ("/account/password", account.change_password),
        ("/account/notices", account.change_notices),
        ("/account/shortcuts", account.change_shortcuts),
        ("/account/sessions/end-others", account.end_others),
        ("/account/sessions/{id:[0-9]{1,19}}/end", account.end_one),
        ("/account/second-factor/begin", second_factor.begin),
        ("/account/second-factor/confirm", second_factor.confirm),
        ("/account/second-factor/codes", second_factor.new_codes),
        ("/account/second-factor/remove", second_factor.remove),
        ("/staff/invite", people.invite),
        (f"{_MEMBER}/invite", people.invite_again),
        (f"{_MEMBER}/disable", people.disable),
        (f"{_MEMBER}/enable", people.enable),
        (f"{_MEMBER}/role", people.change_role),
        (f"{_MEMBER}/email", people.change_email),
        (f"{_MEMBER}/second-factor", people.reset_factor),
        (_INVITATION, invitation.accept),
    ):
        app.router.add_post(path, page(handler))
