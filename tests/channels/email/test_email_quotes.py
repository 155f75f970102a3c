"""What a customer wrote now, without the mail it answers."""

import pytest

from channels.email.quotes import reply_of

REPLIES = {
    "qq": (
        '好的\n\n------------------ 原始邮件 ------------------\n发件人: "客服" <s@acme.test>;\n您好',
        "好的",
    ),
    "qq forwarded": ("转给你\n\n------------------ 转发邮件 ------------------\n您好", "转给你"),
    "163": ('收到\n在 2026-01-02 15:04:05，"客服" <s@acme.test> 写道：\n> hi', "收到"),
    "163 english": ('got it\n\nAt 2026-01-02 15:04:05, "Acme" <s@acme.test> wrote:\n>hi', "got it"),
    "163 new": ("收到\n\n---- 回复的原邮件 ----\n| 发件人 | 客服 |", "收到"),
    "gmail zh-CN": ("谢谢！\n\nAcme <s@acme.test> 于2026年1月2日周五 15:04写道：\n\n> 您好", "谢谢！"),
    "gmail zh-TW": ("謝謝\n\n客服 <s@acme.test> 於 2026年1月2日 週五 下午3:04寫道：\n> 您好", "謝謝"),
    "apple mail": ("谢谢\n\n> 在 2026年1月2日，下午3:04，客服 <s@acme.test> 写道：\n> \n> 您好", "谢谢"),
    "iphone": ("谢谢\n\n发自我的 iPhone", "谢谢"),
    "foxmail": ("好\n\n发件人： 客服\n发送时间： 2026-01-02 15:04\n收件人： 王芳\n主题： 订单", "好"),
    "outlook zh-TW": ("好\n\n寄件者: 客服\n寄件日期: 2026年1月2日\n收件者: 王芳", "好"),
    "outlook": (
        "OK\n\n________________________________\nFrom: A <s@a.test>\nSent: Friday\nTo: w\n\nhi",
        "OK",
    ),
    "outlook old": ("OK\n\n-----Original Message-----\nFrom: A", "OK"),
    "gmail": ("Thanks!\n\nOn Fri, Jan 2, 2026 at 3:04 PM A <s@a.test> wrote:\n> hi\n> there", "Thanks!"),
    "french": ("Merci\n\nLe ven. 2 janv. 2026 à 15:04, A <s@a.test> a écrit :\n> hi", "Merci"),
    "german": ("Danke\n\nAm 02.01.2026 um 15:04 schrieb A <s@a.test>:\n> hi", "Danke"),
    "qq business": ("好的\n\n------------------&nbsp;Original&nbsp;------------------\nFrom: s", "好的"),
    "qq mobile": (
        "好的\n\n发自我的iPhone\n\n\n------------------ Original ------------------\nFrom: s",
        "好的",
    ),
    "163 mobile": ("收到\n\n发自我的网易邮箱手机版\n\n\n在2026年01月02日 15:04，客服 写道：\n您好", "收到"),
    "139": ("好\n\n\n----邮件原文----\n发件人：客服\n收件人：w", "好"),
    "aliyun": ("好\n\n" + "-" * 66 + "\n发件人：客服 <s@a.test>\n发送时间：2026年1月2日\n您好", "好"),
    "outlook zh-CN": ("好\n\n" + "_" * 32 + "\n发件人: 客服\n发送时间: 2026年1月2日 15:04\n收件人: w", "好"),
    "outlook phone": (
        "OK\n\nGet Outlook for iOS<https://x.test>\n" + "_" * 32 + "\nFrom: A\nSent: Friday\nTo: w",
        "OK",
    ),
    "outlook phone zh-CN": ("好\n\n获取 Outlook for iOS\n" + "_" * 32 + "\n发件人: 客服", "好"),
    "windows mail": ("好\n\n从 Windows 版邮件发送\n\n发件人: 客服\n发送时间: 2026年1月2日 15:04", "好"),
    "gmail wrapped": (
        "谢谢！\n\n客服 <a-long-address@a-domain.test>\n于2026年1月2日周五 15:04写道：\n\n> 您好",
        "谢谢！",
    ),
    "yahoo zh-TW": (
        "謝謝\n\n在 2026年1月2日 週五 下午3:04:05 [GMT+8]， 客服<s@a.test> 寫道：  \n\n您好",
        "謝謝",
    ),
    "huawei": ("好\n\n从我的华为手机发送\n\n-------- 原始邮件 --------\n发件人：客服", "好"),
    "no quote": ("just text\n\nwith lines", "just text\n\nwith lines"),
    "indents": ("def f():\n    return 1\n\nOn Fri A <s@a.test> wrote:\n> hi", "def f():\n    return 1"),
    "a list": ("- one\n- two\n-- \nLi", "- one\n- two\n-- \nLi"),
    "answer below": ("> hi\n> there\n\nmy answer", "> hi\n> there\n\nmy answer"),
    "nothing but a quote": ("> hi", "> hi"),
    "a customer's own sentence": ("客户写道：你好\n第二行", "客户写道：你好\n第二行"),
    "a sentence with 在": ("你好\n在上海的店里，他写道：不错", "你好\n在上海的店里，他写道：不错"),
    "empty": ("", ""),
}
SLOW = [
    "\n" * 20_000,
    "On " * 6_000,
    "在\n" * 9_000,
    "发件人：\n" * 4_000,
    "\n> " * 6_000,
    "2026年\n" * 3_000,
]


class TestReplyOf:
    @pytest.mark.parametrize(("text", "reply"), REPLIES.values(), ids=REPLIES.keys())
    def test_program(self, text: str, reply: str) -> None:
        assert reply_of(text, 20_000) == reply

    @pytest.mark.parametrize("text", SLOW, ids=range(len(SLOW)))
    @pytest.mark.timeout(5)
    def test_text_that_the_library_takes_minutes_for(self, text: str) -> None:
        assert text.strip().startswith(reply_of(text, 20_000))
