"""A host as the protocol's own SDK makes one: lists the tools, and serves a customer with them.

Usage: client.py ADDRESS TOKEN PHONE. Prints the tools' names, and what became of a report and of a look-up.
"""

import asyncio
import sys

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

address, token, phone = sys.argv[1:]
HEADERS = {"Authorization": f"Bearer {token}", "Frontdesk-Customer": phone}


async def main():
    async with create_mcp_http_client(headers=HEADERS) as http:
        transport = streamable_http_client(f"http://{address}/mcp", http_client=http)
        async with Client(transport) as client:
            tools = await client.list_tools()
            print(*sorted(tool.name for tool in tools.tools), flush=True)
            arguments = {"subject": "Double charge", "description": "Twice.", "category": "billing"}
            made = await client.call_tool("create_ticket_report", arguments)
            assert not made.is_error, made
            print("made" if made.structured_content["success"] else made, flush=True)
            asked = {"ticket_id": made.structured_content["ticketId"]}
            found = await client.call_tool("get_ticket_information", asked)
            print(found.structured_content["status"], flush=True)


asyncio.run(main())
