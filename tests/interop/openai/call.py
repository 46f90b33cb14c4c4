"""A caller's client as the services' own library makes one: talks through the proxy as it would to OpenAI.

Usage: call.py ADDRESS TOKEN SESSION. Prints the type of every event that it understood, a line each.
"""

import asyncio
import base64
import sys

from openai import AsyncOpenAI

address, token, session = sys.argv[1:]


async def main():
    client = AsyncOpenAI(api_key=token, base_url=f"http://{address}/ingest")
    query = {"session_id": session}
    async with client.realtime.connect(model="voice-1", extra_query=query) as connection:
        async for event in connection:
            print(event.type, flush=True)
            if event.type == "session.created":
                await connection.session.update(
                    session={"type": "realtime", "instructions": "You are Riley."}
                )
            elif event.type == "session.updated":
                audio = base64.b64encode(bytes(24 * 1024)).decode()
                await connection.input_audio_buffer.append(audio=audio)
                await connection.response.create()
            elif event.type == "response.done":
                for item in event.response.output or []:
                    if item.type == "function_call":
                        output = {
                            "type": "function_call_output",
                            "call_id": item.call_id,
                            "output": '{"articles": []}',
                        }
                        await connection.conversation.item.create(item=output)
            elif event.type == "conversation.item.done":
                if event.item.type == "function_call_output":
                    await connection.response.create()


asyncio.run(main())
