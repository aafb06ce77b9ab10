// GPT-2 (Radford and others, "Language models are unsupervised multitask learners", 2019): causal
// attention, layer normalisation before each half of a block, linear weights stored [in, out].
#include "frontend/pretrained/family.h"

namespace weft::families {

const Family gpt2{
    .name = "gpt2",
    .prefix = "transformer.",
    .architectures = "GPT2",
    .keys = {.layers = "n_layer",
             .width = "n_embd",
             .heads = "n_head",
             .inner = "n_inner",
             .positions = "n_positions",
             .types = {},
             .vocabulary = "vocab_size",
             .usual_inner = 4,
             .activation = "activation_function",
             .usual_activation = "gelu_new",
             .epsilon = "layer_norm_epsilon",
             .usual_epsilon = 1e-5,
             .embedding_dropout = "embd_pdrop",
             .hidden_dropout = "resid_pdrop",
             .attention_dropout = "attn_pdrop",
             .classifier_dropout = {},
             .usual_classifier_dropout = 0},
    .decoder = true,
    .options = {{"scale_attn_weights", "true", "attention is not scaled"},
                {"scale_attn_by_inverse_layer_idx", "false", "layers scale attention differently"},
                {"reorder_and_upcast_attn", "false", "attention is computed in another order"}},
    .encoder =
        {
            {"wte.weight", "VH", "words"},
            {"wpe.weight", "PH", "positions"},
            {"h.{i}.ln_1.weight", "H", "layer{i}.attention_norm.gamma"},
            {"h.{i}.ln_1.bias", "H", "layer{i}.attention_norm.beta"},
            {"h.{i}.attn.c_attn.weight", "HQ", "layer{i}.qkv.weight"},
            {"h.{i}.attn.c_attn.bias", "Q", "layer{i}.qkv.bias"},
            {"h.{i}.attn.c_proj.weight", "HH", "layer{i}.output.weight"},
            {"h.{i}.attn.c_proj.bias", "H", "layer{i}.output.bias"},
            {"h.{i}.ln_2.weight", "H", "layer{i}.feed_norm.gamma"},
            {"h.{i}.ln_2.bias", "H", "layer{i}.feed_norm.beta"},
            {"h.{i}.mlp.c_fc.weight", "HI", "layer{i}.up.weight"},
            {"h.{i}.mlp.c_fc.bias", "I", "layer{i}.up.bias"},
            {"h.{i}.mlp.c_proj.weight", "IH", "layer{i}.down.weight"},
            {"h.{i}.mlp.c_proj.bias", "H", "layer{i}.down.bias"},
            {"ln_f.weight", "H", "final_norm.gamma"},
            {"ln_f.bias", "H", "final_norm.beta"},
        },
    .pooler = {},
    .classifier = {{"score.weight", "LH", "classifier.weight", Layout::transposed}},
    .head = "last | linear(labels, bias=false, pretrained=\"classifier\")",
    .buffers = {"h.{i}.attn.bias", "h.{i}.attn.masked_bias"},
    .heads = {{"lm_head.*", "the head of pretraining"},
              {"multiple_choice_head.*", "the head of another task"},
              {"qa_outputs.*", "the head of question answering"},
              {"classifier.*", "the head of another task"},
              {"score.*", "the head of another task"}},
};

}  // namespace weft::families
