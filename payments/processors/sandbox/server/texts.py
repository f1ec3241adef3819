"""The hosted pages' words, in English and Japanese.

The sandbox plays another company and runs without Django, so its words are here and in no gettext catalog.
"""

from collections.abc import Mapping

_EN = {
    "pretend": "This is a pretend bank.",
    "pretend_more": "No real card works here, and no real money moves. Never type a real card number.",
    "card_title": "Link a card",
    "card_lead": "{merchant} asks you to link a card. It never sees the number.",
    "number": "Card number",
    "expiry": "Expiry date",
    "expiry_hint": "Month / year, for example 12 / 30",
    "security_code": "Security code",
    "security_code_hint": "3 digits on the back, 4 on the front of American Express",
    "holder": "Name on the card",
    "continue": "Continue",
    "leave": "Back to {merchant} without linking",
    "error_prefix": "Error:",
    "error_summary": "There is a problem",
    "test_numbers": "Test cards",
    "test_numbers_lead": "Choose one to fill in the form. Any future date and any security code but 999 will do.",
    "invalid_number": "Enter a card number that exists: the check digit does not fit",
    "not_a_test_card": "Use one of the test cards below: real card numbers are not taken here",
    "invalid_expiry": "Enter the expiry date as month and year, for example 12 / 30",
    "expired_card": "This card has expired: use another one",
    "invalid_cvc": "Enter the security code: 3 digits, or 4 for American Express",
    "incorrect_cvc": "The security code is wrong",
    "invalid_holder": "Enter the name as it is on the card, 2 to 100 characters",
    "card_declined": "The card's issuer refused it: use another card",
    "authentication_not_supported": "This card does not take part in 3-D Secure, so it cannot be linked",
    "challenge_title": "Confirm that it is you",
    "bank": "Hashi Test Bank",
    "challenge_lead_link": "{merchant} wants to link your card.",
    "challenge_lead_pay": "{merchant} wants to charge your card.",
    "merchant_label": "Merchant",
    "card_label": "Card",
    "amount_label": "Amount",
    "code": "One-time code",
    "code_hint": "6 digits",
    "demo_code": "A real bank would send this code to your phone. Yours is",
    "approve": "Confirm",
    "decline": "This was not me",
    "challenge_leave": "Back to {merchant} without deciding",
    "wrong_code": "The code is wrong: enter the 6 digits shown on this page",
    "finished_title": "This page is finished",
    "finished_lead": "Nothing more can be done here. Go back to {merchant} to see the result.",
    "back": "Back to {merchant}",
    "missing_title": "Page not found",
    "missing_lead": "The address is wrong, or the page has gone.",
    "card_succeeds": "Works",
    "card_challenges_each_charge": "Works, and asks for 3-D Secure at each charge too",
    "card_insufficient_funds": "Links, then each charge is declined: not enough money",
    "card_stolen_card": "Links, then each charge is declined: stolen",
    "card_expired_card": "Links, then each charge is declined: expired",
    "card_slow_then_succeeds": "The answer comes far too late, but the charge was made",
    "card_slow_then_fails": "The answer comes far too late: declined",
    "card_lost": "The request is lost on the way: nothing is charged",
    "card_disputed": "Works, and is charged back a little later",
    "card_refused_at_linking": "Refused at linking",
    "card_not_enrolled": "Does not take part in 3-D Secure: cannot be linked",
}

_JA = {
    "pretend": "これは架空の銀行です。",
    "pretend_more": "本物のカードは使えず、お金も動きません。本物のカード番号は絶対に入力しないでください。",
    "card_title": "カードの登録",
    "card_lead": "{merchant} からカード登録の依頼です。カード番号が {merchant} に伝わることはありません。",
    "number": "カード番号",
    "expiry": "有効期限",
    "expiry_hint": "月 / 年（例：12 / 30）",
    "security_code": "セキュリティコード",
    "security_code_hint": "裏面の3桁。American Expressは表面の4桁",
    "holder": "カードの名義",
    "continue": "次へ進む",
    "leave": "登録せずに {merchant} に戻る",
    "error_prefix": "エラー:",
    "error_summary": "入力内容をご確認ください",
    "test_numbers": "テスト用カード",
    "test_numbers_lead": (
        "選ぶとフォームに入力されます。"
        "有効期限は未来の日付、セキュリティコードは999以外なら何でもかまいません。"
    ),
    "invalid_number": "カード番号が正しくありません（チェックデジットが一致しません）",
    "not_a_test_card": "下のテスト用カードをお使いください。本物のカード番号は受け付けません",
    "invalid_expiry": "有効期限を月と年で入力してください（例：12 / 30）",
    "expired_card": "有効期限が切れています。別のカードをお使いください",
    "invalid_cvc": "セキュリティコードを3桁（American Expressは4桁）で入力してください",
    "incorrect_cvc": "セキュリティコードが違います",
    "invalid_holder": "カードの名義を2〜100文字で入力してください",
    "card_declined": "カード会社に承認されませんでした。別のカードをお使いください",
    "authentication_not_supported": "このカードは3Dセキュアに対応していないため、登録できません",
    "challenge_title": "ご本人の確認",
    "bank": "はしテスト銀行",
    "challenge_lead_link": "{merchant} がお客さまのカードを登録しようとしています。",
    "challenge_lead_pay": "{merchant} がお客さまのカードに請求しようとしています。",
    "merchant_label": "加盟店",
    "card_label": "カード",
    "amount_label": "金額",
    "code": "ワンタイムコード",
    "code_hint": "6桁の数字",
    "demo_code": "本物の銀行なら、このコードはお客さまの携帯電話に届きます。コード：",
    "approve": "確認する",
    "decline": "身に覚えがありません",
    "challenge_leave": "何もせずに {merchant} に戻る",
    "wrong_code": "コードが違います。このページに表示された6桁を入力してください",
    "finished_title": "このページでの手続きは終わりました",
    "finished_lead": "ここでできることはもうありません。結果は {merchant} でご確認ください。",
    "back": "{merchant} に戻る",
    "missing_title": "ページが見つかりません",
    "missing_lead": "アドレスが間違っているか、ページがなくなっています。",
    "card_succeeds": "使えます",
    "card_challenges_each_charge": "使えます。請求のたびに3Dセキュアの確認があります",
    "card_insufficient_funds": "登録できますが、請求は残高不足で断られます",
    "card_stolen_card": "登録できますが、請求は盗難カードとして断られます",
    "card_expired_card": "登録できますが、請求は期限切れで断られます",
    "card_slow_then_succeeds": "返事がとても遅れますが、請求は成立しています",
    "card_slow_then_fails": "返事がとても遅れ、請求は断られます",
    "card_lost": "依頼が途中で失われ、請求は行われません",
    "card_disputed": "使えますが、少し後にチャージバックされます",
    "card_refused_at_linking": "登録の時点で断られます",
    "card_not_enrolled": "3Dセキュアに対応しておらず、登録できません",
}

TEXTS: Mapping[str, Mapping[str, str]] = {"en": _EN, "ja": _JA}
MERCHANT = "Kakehashi"


def choose_language(accept_language: str) -> str:
    """`ja` or `en`, whichever the Accept-Language header wants more; English when it wants neither."""
    best, best_weight = "en", 0.0
    for part in accept_language.split(",")[:20]:
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight_text = parameters.strip().removeprefix("q=")
        try:
            weight = float(weight_text) if weight_text else 1.0
        except ValueError:
            continue
        if language in TEXTS and weight > best_weight:
            best, best_weight = language, weight
    return best
