"""The documented methods as operations: the tables they touch, their filters and their order.

Every filter and every order here is covered by an index of the data model; a test asks each database for its plan.
"""

from kavach_core.storage.contract.accounting import *
from kavach_core.storage.contract.agents import *
from kavach_core.storage.contract.decisions import *
from kavach_core.storage.contract.oauth import *
from kavach_core.storage.contract.organizations import *
from kavach_core.storage.contract.people import *
from kavach_core.storage.contract.sign_in import *
