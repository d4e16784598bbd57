// Many statements in few writes: each executed without waiting for the answer to the one before.
#pragma once

#include <dovetail/codec/postgres/pipeline_answers.hpp>
#include <dovetail/codec/postgres/pipeline_dialogue.hpp>
#include <dovetail/codec/postgres/pipeline_writing.hpp>
