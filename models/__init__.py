"""SQLAlchemy tables: one file per noun, with its enum and its queries. Importing this package knows them
all."""

from models.access import ApiKey, LoginFailure, RefreshSession
from models.account_team import AccountTeamMember
from models.agent import Agent, AgentLease, Device
from models.attachment import Attachment
from models.audit import Audit, IdempotentAnswer
from models.base import Base
from models.call import Call
from models.circuit import Circuit
from models.customer import ContactAddress, Customer, CustomerAddress
from models.delivery import Delivery, DeliveryKey
from models.endpoint import Endpoint
from models.endpoint_lease import EndpointLease
from models.endpoint_state import EndpointState
from models.exchange import Exchange
from models.interaction import Interaction
from models.journal import RoutingJournal
from models.leg import Leg
from models.log import ConsumerPosition, DeadLetter, EventLog, Installation, PartitionOwner
from models.mail_reference import MailReference
from models.offer import Decision, Offer
from models.policy import Policy, Queue, Team
from models.presence_span import PresenceSpan
from models.receipt import Receipt
from models.refusal import Refusal
from models.reply_window import ReplyWindow
from models.segment import Segment
from models.tenant import Tenant
from models.touch import Touch
from models.visitor import Visitor
from models.vitals import RoutingVitals

__all__ = [
    "AccountTeamMember",
    "Agent",
    "AgentLease",
    "ApiKey",
    "Attachment",
    "Audit",
    "Base",
    "Call",
    "Circuit",
    "ConsumerPosition",
    "ContactAddress",
    "Customer",
    "CustomerAddress",
    "DeadLetter",
    "Decision",
    "Delivery",
    "DeliveryKey",
    "Device",
    "Endpoint",
    "EndpointLease",
    "EndpointState",
    "EventLog",
    "Exchange",
    "IdempotentAnswer",
    "Installation",
    "Interaction",
    "Leg",
    "LoginFailure",
    "MailReference",
    "Offer",
    "PartitionOwner",
    "Policy",
    "PresenceSpan",
    "Queue",
    "Receipt",
    "RefreshSession",
    "Refusal",
    "ReplyWindow",
    "RoutingJournal",
    "RoutingVitals",
    "Segment",
    "Team",
    "Tenant",
    "Touch",
    "Visitor",
]
