// Messages as Baileys itself builds, encodes and decodes them: one delivery a line, `{"expect": …, "body": …}`.
// Every message goes through Baileys' protobuf and back, as it would over the wire, and is written as JSON the two
// ways in which bridges do it: as it stands in memory, and with BufferJSON.

import { BufferJSON, generateWAMessageFromContent, normalizeMessageContent, proto } from 'baileys'

const CHAT = '628123456789@s.whatsapp.net'
const OURS = '6281100000000@s.whatsapp.net'
const MORNING = 1769596200
let count = 0

function received(content, second, options = {}) {
  const built = generateWAMessageFromContent(CHAT, proto.Message.fromObject(content), {
    userJid: OURS,
    timestamp: new Date((MORNING + second) * 1000),
    messageId: `3EB0INTEROP${String(count++).padStart(4, '0')}`,
    ...options
  })
  built.key.fromMe = options.fromMe ?? false
  built.status = undefined
  built.pushName = options.fromMe ? 'Toko' : 'Budi'
  return proto.WebMessageInfo.decode(proto.WebMessageInfo.encode(built).finish())
}

function deliver(message, expect, buffers) {
  const body = { messages: [message], type: 'notify' }
  const json = buffers ? JSON.stringify(body, BufferJSON.replacer) : JSON.stringify(body)
  console.log(JSON.stringify({ expect, body: JSON.parse(json) }))
}

function normalized(message) {
  return normalizeMessageContent(message.message)
}

const bytes = Buffer.alloc(32, 7)
const media = { url: 'https://mmg.whatsapp.net/x', mediaKey: bytes, fileSha256: bytes, fileEncSha256: bytes }
const text = received({ conversation: 'Halo 👨‍👩‍👧 dari pustaka' }, 0)
deliver(text, { body: text.message.conversation })

const quote = received({ extendedTextMessage: { text: 'Ini jawabannya' } }, 10, { quoted: text })
deliver(quote, { body: normalized(quote).extendedTextMessage.text, quoted: text.key.id }, true)

const image = received({ imageMessage: { ...media, mimetype: 'image/jpeg', caption: 'Bukti', fileLength: 48213,
  jpegThumbnail: bytes } }, 20)
deliver(image, { body: normalized(image).imageMessage.caption, kind: 'image', bytes: 48213 }, true)

const voice = received({ audioMessage: { ...media, mimetype: 'audio/ogg; codecs=opus', ptt: true, seconds: 7,
  waveform: bytes } }, 30)
deliver(voice, { body: '[Voice message, 0:07]', kind: 'voice' })

const document = received({ documentWithCaptionMessage: { message: { documentMessage: { ...media,
  mimetype: 'application/pdf', fileName: 'invoice.pdf', caption: 'Invoice' } } } }, 40)
deliver(document, { body: normalized(document).documentMessage.caption, kind: 'document' })

const place = received({ locationMessage: { degreesLatitude: -6.25, degreesLongitude: 106.75, name: 'Monas' } }, 50)
deliver(place, { body: '[Location: Monas (-6.250000, 106.750000)]' })

const fading = received({ ephemeralMessage: { message: { viewOnceMessageV2: { message: {
  imageMessage: { ...media, caption: 'Sekali lihat' } } } } } }, 60)
deliver(fading, { body: normalized(fading).imageMessage.caption, kind: 'image' })

const poll = received({ pollCreationMessageV3: { name: 'Kapan?', selectableOptionsCount: 1,
  options: [{ optionName: 'pagi' }, { optionName: 'sore' }] } }, 70)
deliver(poll, { body: '[Poll: Kapan? — pagi / sore]' })

const pressed = received({ buttonsResponseMessage: { selectedButtonId: '1', selectedDisplayText: 'Ya, lanjut',
  type: proto.Message.ButtonsResponseMessage.Type.DISPLAY_TEXT } }, 80)
deliver(pressed, { body: 'Ya, lanjut' })

const wrong = received({ conversation: 'Salah ketikk' }, 90)
deliver(wrong, { body: 'Salah ketik', revisions: ['Salah ketikk'] })
deliver(received({ editedMessage: { message: { protocolMessage: { key: { ...wrong.key, fromMe: true },
  type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT, editedMessage: { conversation: 'Salah ketik' },
  timestampMs: (MORNING + 95) * 1000 } } } }, 95), { change: 'edit' }, true)

const secret = received({ conversation: 'rahasia' }, 100)
deliver(secret, { body: '[Message deleted]', revisions: ['rahasia'] })
deliver(received({ protocolMessage: { key: { ...secret.key, fromMe: true },
  type: proto.Message.ProtocolMessage.Type.REVOKE } }, 105), { change: 'revoke' })

deliver(received({ reactionMessage: { key: text.key, text: '👍', senderTimestampMs: (MORNING + 110) * 1000 } }, 110),
  { change: 'reaction' })
