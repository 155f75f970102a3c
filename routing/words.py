"""An explanation in plain English or Chinese."""

from collections.abc import Mapping

from routing.explain import Candidate, Candidates, Explanation, Group, Opening

_NAMED_MAX = 3
_LATER = ("callback_waiting", "scheduled")

_AGAINST = {
    "en": {
        "signed_in": "not signed in",
        "available": "not available",
        "reachable": "no device that can be reached",
        "permitted": "does not take this channel ({channel})",
        "member": "not in a team of this queue",
        "visible": "does not see it yet",
        "skilled": "lacks the skills asked for ({requirement})",
        "reserved": "it is kept for somebody else",
        "capacity": "no room for another {channel}",
        "not_excluded": "declined it or was not shown it a short while ago",
        "on_shift": "not on shift",
    },
    "zh": {
        "signed_in": "未登录",
        "available": "非空闲状态",
        "reachable": "没有可接通的话机",
        "permitted": "不受理该渠道（{channel}）",
        "member": "不在此队列的班组",
        "visible": "尚未对其开放",
        "skilled": "不具备所需技能（{requirement}）",
        "reserved": "为其他坐席保留",
        "capacity": "没有余量再接{channel}",
        "not_excluded": "刚刚拒接，或未能显示",
        "on_shift": "不在班次时间内",
    },
}
_OPENS = {
    "en": {
        "visible": "In {seconds} s it opens to more teams: {teams}.",
        "skilled": "In {seconds} s it opens to more skills: {requirement}.",
        "on_shift": "In {seconds} s the shift of {agent} begins.",
        "not_excluded": "In {seconds} s {agent} may be offered it again.",
        "reserved": "In {seconds} s at the latest it is no longer kept for {agent}.",
        "promise": "In {seconds} s its promise is overdue and it goes first.",
    },
    "zh": {
        "visible": "{seconds} 秒后对更多班组开放：{teams}。",
        "skilled": "{seconds} 秒后放宽所需技能：{requirement}。",
        "on_shift": "{seconds} 秒后 {agent} 的班次开始。",
        "not_excluded": "{seconds} 秒后可再次派给 {agent}。",
        "reserved": "最迟 {seconds} 秒后不再为 {agent} 保留。",
        "promise": "{seconds} 秒后超过承诺时限，将优先处理。",
    },
}
_SENTENCES = {
    "en": {
        "waits": "It has waited {age} s and has a head start of {head_start} s ({tier}).",
        "ahead": "In its queue {ahead} go before it.",
        "next": "It is the first in its queue.",
        "overtaken": "It goes before {overtaken} that have waited longer.",
        "overdue": "Its promise is overdue: it goes first.",
        "kept_for": "It is kept for {agent}.",
        "strict": "Tiers go before waiting time in this queue.",
        "lent_to": "It is lent to the teams {teams}.",
        "group": "Agents: {total}, {reason}{names}.",
        "elsewhere": "It does not wait: {state}.",
        "later": "It is a callback whose time has not come: nobody is offered it before.",
        "idle": "Offered to {agent}: of all who may take it, idle the longest (rank {rank}).",
        "busy": "Offered to {agent}: nobody is idle, they accepted their last work earliest (rank {rank}).",
        "least_loaded": "Offered to {agent}: the least loaded of who may take it ({score}, rank {rank}).",
        "best_skill": "Offered to {agent}: the most skilled of who may take it ({score}, rank {rank}).",
        "units": "{units} units in use",
        "levels": "skill levels {skill_sum} in sum",
        "kept": "Offered to {agent}: it was kept for them.",
        "runners_up": "Next would have been {names}.",
    },
    "zh": {
        "waits": "已等待 {age} 秒，优先量 {head_start} 秒（{tier}）。",
        "ahead": "队列中有 {ahead} 个排在其前。",
        "next": "在队列中排第一位。",
        "overtaken": "排在 {overtaken} 个等待更久的请求之前。",
        "overdue": "已超过承诺时限，优先处理。",
        "kept_for": "为 {agent} 保留。",
        "strict": "此队列中客户等级先于等待时间。",
        "lent_to": "已借给班组 {teams}。",
        "group": "坐席 {total} 名：{reason}{names}。",
        "elsewhere": "当前不在等待：{state}。",
        "later": "回呼时间未到，届时才会派给坐席。",
        "idle": "派给 {agent}：可接者中空闲最久（级别 {rank}）。",
        "busy": "派给 {agent}：无人空闲，其上次接单最早（级别 {rank}）。",
        "least_loaded": "派给 {agent}：可接者中负荷最轻（{score}，级别 {rank}）。",
        "best_skill": "派给 {agent}：可接者中技能最高（{score}，级别 {rank}）。",
        "units": "占用 {units} 单位",
        "levels": "技能等级合计 {skill_sum}",
        "kept": "派给 {agent}：专为其保留。",
        "runners_up": "其后依次为 {names}。",
    },
}
_CHANNELS = {
    "en": {"voice": "call", "chat": "chat", "messaging": "message", "email": "mail", "task": "task"},
    "zh": {"voice": "电话", "chat": "在线会话", "messaging": "消息", "email": "邮件", "task": "任务"},
}


def words(
    found: Explanation | Candidates, language: str, names: Mapping[str, str] | None = None
) -> list[str]:
    """Sentences; `language` is `en` or begins with `zh`; `names` says what to call an agent."""
    speaker = _Speaker("zh" if language.startswith("zh") else "en", names or {}, found)
    return speaker.waiting(found) if isinstance(found, Explanation) else speaker.offered(found)


class _Speaker:
    def __init__(self, language: str, names: Mapping[str, str], found: Explanation | Candidates) -> None:
        self._language = language
        self._names = names
        self._say = _SENTENCES[language]
        self._channel = _CHANNELS[language].get(found.channel, found.channel)
        self._requirement = found.requirement

    def waiting(self, it: Explanation) -> list[str]:
        if it.state in _LATER:
            return [self._say["later"]]
        if it.state != "queued":
            return [self._say["elsewhere"].format(state=it.state)]
        said = self._urgency(it)
        said.append(self._say["ahead" if it.ahead else "next"].format(ahead=it.ahead))
        said += self._rules(it)
        if it.kept_for:
            said.append(self._say["kept_for"].format(agent=self._name(it.kept_for)))
        said += [self._group(group) for group in it.groups]
        return said + [self._opening(opening, it.at) for opening in it.openings]

    def offered(self, it: Candidates) -> list[str]:
        score = self._score(it, it.winner)
        winner = {"agent": self._name(it.winner.agent), "rank": it.winner.rank, "score": score}
        said = [self._say[_how(it)].format(**winner)]
        if it.runners_up:
            following = ", ".join(self._runner_up(it, candidate) for candidate in it.runners_up)
            said.append(self._say["runners_up"].format(names=following))
        said += self._urgency(it) + self._rules(it) + [self._group(group) for group in it.groups]
        return said + ([self._group(Group("member", it.outside, ()))] if it.outside else [])

    def _runner_up(self, it: Candidates, candidate: Candidate) -> str:
        score = self._score(it, candidate)
        return f"{self._name(candidate.agent)} ({score})" if score else self._name(candidate.agent)

    def _score(self, it: Candidates, candidate: Candidate) -> str:
        """What the queue's strategy compared; empty for longest_idle."""
        name = {"least_loaded": "units", "best_skill": "levels"}.get(it.strategy)
        return self._say[name].format(**candidate._asdict()) if name else ""

    def _rules(self, it: Explanation | Candidates) -> list[str]:
        said = [self._say["strict"]] if it.strict else []
        return said + ([self._say["lent_to"].format(teams=", ".join(it.lent_to))] if it.lent_to else [])

    def _urgency(self, it: Explanation | Candidates) -> list[str]:
        head_start = _seconds(it.head_start_us)
        said = [self._say["waits"].format(age=_seconds(it.age_us), head_start=head_start, tier=it.tier)]
        if it.overdue:
            said.append(self._say["overdue"])
        if it.overtaken:
            said.append(self._say["overtaken"].format(overtaken=it.overtaken))
        return said

    def _name(self, agent: str | None) -> str:
        return self._names.get(agent or "", agent or "")

    def _group(self, group: Group) -> str:
        reason = _AGAINST[self._language][group.reason]
        named = ""
        if 0 < len(group.agents) == group.total <= _NAMED_MAX:
            listed = ", ".join(self._name(agent) for agent in group.agents)
            named = f"（{listed}）" if self._language == "zh" else f" ({listed})"
        return self._say["group"].format(
            total=group.total,
            reason=reason.format(channel=self._channel, requirement=self._requirement),
            names=named,
        )

    def _opening(self, opening: Opening, now: int) -> str:
        return _OPENS[self._language][opening.what].format(
            seconds=_seconds(opening.at - now),
            teams=", ".join(opening.teams),
            agent=self._name(opening.agent),
            requirement=opening.requirement,
        )


def _how(it: Candidates) -> str:
    """Which sentence says why the winner won."""
    if it.kept:
        return "kept"
    if it.strategy != "longest_idle":
        return it.strategy
    return "busy" if it.winner.idle_since is None else "idle"


def _seconds(micros: int) -> str:
    return f"{micros / 1_000_000:.1f}".removesuffix(".0")
