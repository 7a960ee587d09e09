"""A language model that fits into a test: a real Llama of two layers with random weights, and a tokenizer of bytes."""

from __future__ import annotations

import json
from pathlib import Path

HIDDEN, LAYERS, CONTEXT = 64, 2, 512
VOCABULARY = 260
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_tiny_model(directory: Path, *, seed: int = 0, shards: int = 1) -> Path:
    """A transformers directory with safetensors, as somebody would publish it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        initializer_range=0.6,  # large enough that answers wander
        bos_token_id=256,
        eos_token_id=257,
        pad_token_id=257,
        dtype="bfloat16",
    )
    model = LlamaForCausalLM(config).to(torch.bfloat16)
    size = "10GB" if shards == 1 else f"{sum(p.numel() * 2 for p in model.parameters()) // shards // 1000 + 1}KB"
    model.save_pretrained(directory, max_shard_size=size)
    _make_tokenizer(directory)
    return directory


def make_tiny_encoder(directory: Path, *, pooling: str = "mean_tokens", normalize: bool = True) -> Path:
    """A sentence encoder as sentence-transformers publishes one: a Bert of one layer, its pooling, its tokenizer."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64, pad_token_id=257, initializer_range=0.6,
    )  # fmt: skip
    BertModel(config).save_pretrained(directory)
    _make_tokenizer(directory)
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling")] + ([("2_Normalize", "Normalize")] if normalize else [])
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds]
    (directory / "modules.json").write_text(json.dumps(modules))
    (directory / "1_Pooling").mkdir()
    (directory / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{pooling}": True}))
    (directory / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 32}))
    return directory


def _make_tokenizer(directory: Path) -> None:
    """One token a byte, and the four that a chat needs."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {letter: index for index, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in ("<|im_start|>", "<|im_end|>")])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(directory)


def read_rows(directory: Path, *, count: int = 8) -> list[bytes]:
    """The bytes of some weight rows, as they lie in the plain file: what must be found nowhere else."""
    from safetensors import safe_open

    rows: list[bytes] = []
    for path in sorted(directory.glob("*.safetensors")):
        with safe_open(path, "pt") as file:  # type: ignore[no-untyped-call, unused-ignore]
            for name in file.keys():  # noqa: SIM118
                tensor = file.get_tensor(name)
                if tensor.dim() == 2 and len(rows) < count:
                    import torch

                    rows.append(tensor[tensor.shape[0] // 2].view(torch.uint8).numpy().tobytes())
    return rows


def read_config(directory: Path) -> dict[str, object]:
    return dict(json.loads((directory / "config.json").read_text()))
