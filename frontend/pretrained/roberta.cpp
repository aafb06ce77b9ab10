// RoBERTa (Liu and others, arXiv 1907.11692, 2019): BERT's encoder, another classifier.
#include "frontend/pretrained/bert_encoder.h"

namespace weft::families {

const Family roberta{
    .name = "roberta",
    .prefix = "roberta.",
    .architectures = "Roberta",
    .keys = bert_keys(),
    .positions_after_padding = true,
    .options = bert_options(),
    .encoder = bert_encoder(),
    .pooler = bert_pooler(),
    .classifier = {{"classifier.dense.weight", "HH", "dense.weight", Layout::transposed},
                   {"classifier.dense.bias", "H", "dense.bias"},
                   {"classifier.out_proj.weight", "LH", "classifier.weight", Layout::transposed},
                   {"classifier.out_proj.bias", "L", "classifier.bias"}},
    .head =
        "first | dropout({dropout}) | linear({width}, pretrained=\"dense\") | tanh | "
        "dropout({dropout}) | linear(labels, pretrained=\"classifier\")",
    .buffers = {"embeddings.position_ids", "embeddings.token_type_ids"},
    .heads = {{"lm_head.*", "the head of pretraining"},
              {"qa_outputs.*", "the head of question answering"},
              {"classifier.*", "the head of another task"}},
};

}  // namespace weft::families
