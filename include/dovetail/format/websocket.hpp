// WebSocket (RFC 6455) without input and output: frames, messages and the rules of the handshake, for either side.
#pragma once

#include <dovetail/format/websocket/close_code.hpp>
#include <dovetail/format/websocket/frame.hpp>
#include <dovetail/format/websocket/frame_writer.hpp>
#include <dovetail/format/websocket/handshake.hpp>
#include <dovetail/format/websocket/mask.hpp>
#include <dovetail/format/websocket/message_reader.hpp>
#include <dovetail/format/websocket/problem.hpp>
