// BERT (Devlin and others, arXiv 1810.04805, 2018) and what has its form: MiniLM, Chinese RoBERTa.
#include "frontend/pretrained/bert_encoder.h"

namespace weft::families {

const Family bert{
    .name = "bert",
    .prefix = "bert.",
    .architectures = "Bert",
    .keys = bert_keys(),
    .options = bert_options(),
    .encoder = bert_encoder(),
    .pooler = bert_pooler(),
    .classifier = {{"classifier.weight", "LH", "classifier.weight", Layout::transposed},
                   {"classifier.bias", "L", "classifier.bias"}},
    .classifier_takes_pooler = true,
    .head = "first | pooler | dropout({dropout}) | linear(labels, pretrained=\"classifier\")",
    .buffers = {"embeddings.position_ids", "embeddings.token_type_ids"},
    .heads = {{"cls.*", "the heads of pretraining"},
              {"qa_outputs.*", "the head of question answering"},
              {"classifier.*", "the head of another task"}},
};

}  // namespace weft::families
