"""What the desk keeps: cases, notes, letters, approvals, and who may more for some hours."""

from support.models.access import ExtraAccess
from support.models.approvals import Approval
from support.models.cases import Case, Note
from support.models.letters import Letter

__all__ = ["Approval", "Case", "ExtraAccess", "Letter", "Note"]
