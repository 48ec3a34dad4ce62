// From texts to tokens, before anything else is built: one vocabulary for all data of the run.
#include "run/run_under_way.hpp"

#include "weights/tensor_file.hpp"

#include <fmt/format.h>

namespace spar::host {

std::vector<Data *> RunUnderWay::text_data() const {
    std::vector<Data *> texts;
    for (const auto *set : {&train_data_, &unlabelled_data_, &validation_data_, &test_data_})
        if (*set && (*set)->texts()) texts.push_back(set->get());
    return texts;
}

/// The tokenizer that a checkpoint or the weights were trained with, and their file.
std::optional<std::pair<TokenizerState, fs::path>> RunUnderWay::kept_tokenizer() const {
    const bool resumed = options_.resume && plan_.train && fs::exists(checkpoint());
    if (!resumed && plan_.weights.empty()) return std::nullopt;
    const fs::path file = resumed ? checkpoint() : fs::path(plan_.weights);
    try {
        if (auto kept = tokenizer_from(
                open_tensors(file, resumed ? "" : plan_.weights_map.key)->metadata()))
            return {{std::move(*kept), file}};
        return std::nullopt;
    } catch (const std::runtime_error &error) {
        throw Failure(Exit::data, fmt::format("{}: {}", file.string(), error.what()));
    }
}

void RunUnderWay::encode_texts() {
    const std::vector<Data *> texts = text_data();
    const Node &node = plan_.data.tokenizer;
    if (!texts.empty() && !node)
        throw Failure(Exit::pipeline,
                      fmt::format("#/data: #{} gives texts, and there is no tokenizer to make "
                                  "tokens of them: add \"tokenizer\": {{\"type\": \"words\"}}",
                                  texts.front()->instance().pointer()));
    if (!node) return;
    if (texts.empty())
        throw Failure(Exit::pipeline, fmt::format("#{}: no dataset here gives texts that a "
                                                  "tokenizer could encode; leave it out",
                                                  node.pointer));
    tokenizer_ = std::make_unique<Tokenizer>(make(SPAR_KIND_TOKENIZER, node));
    if (const auto kept = kept_tokenizer()) {
        const auto &[state, file] = *kept;
        if (state.type == tokenizer_->instance().type())
            tokenizer_->load(state, file.string());
        else if (!plan_.train)
            throw Failure(Exit::data,
                          fmt::format("#{}: {} was trained with the tokenizer \"{}\", so that this "
                                      "one's tokens would mean other words",
                                      node.pointer, file.string(), state.type));
    }
    if (!tokenizer_->ready()) learn_vocabulary();
    for (Data *data : texts)
        data->encode(*tokenizer_, {plan_.data.max_length, plan_.data.presence});
}

void RunUnderWay::learn_vocabulary() {
    std::unique_ptr<Data> opened;
    const Data *train = train_data_.get();
    if (train == nullptr && plan_.data.train) {
        opened = std::make_unique<Data>(make(SPAR_KIND_DATASET, plan_.data.train));
        train = opened.get();
    }
    if (train == nullptr || !train->texts())
        throw Failure(Exit::data,
                      fmt::format("#{}: there is no vocabulary: the model's weights hold none, and "
                                  "there are no training texts to learn it from. Evaluate weights "
                                  "that Spar has saved, which hold it, or give the texts that the "
                                  "model was trained on as \"train\"",
                                  plan_.data.tokenizer.pointer));
    const Data *more = unlabelled_data_.get();
    const std::int64_t labelled = train->size();
    tokenizer_->learn(labelled + (more != nullptr ? more->size() : 0), [&](std::int64_t i) {
        return i < labelled ? train->text(i) : more->text(i - labelled);
    });
}

}  // namespace spar::host
