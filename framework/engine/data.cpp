#include "engine/data.hpp"

#include <spar/philox.hpp>

#include <fmt/format.h>
#include <cstddef>
#include <numeric>

namespace spar::host {

Data::Data(std::unique_ptr<Instance> dataset) : dataset_(std::move(dataset)) {
    info_.struct_size = sizeof info_;
    dataset_->call("info", [&](spar_error *error) {
        return dataset_->table<spar_dataset_table>().info(dataset_->self(), &info_, error);
    });
    const auto refuse = [&](const std::string &why) {
        throw Failure(Exit::data, fmt::format("#{}: dataset \"{}\" {}", dataset_->pointer(),
                                              dataset_->type(), why));
    };
    if (info_.size < 1) refuse("is empty");
    if (info_.outputs < 1) refuse("has no classes and no target values");
    if (texts()) {
        const auto &table = dataset_->table<spar_dataset_table>();
        constexpr std::size_t needed = offsetof(spar_dataset_table, text) + sizeof table.text;
        if (table.struct_size < needed || table.text == nullptr)
            refuse("says that it holds texts, but gives none");
        return;
    }
    if (info_.rank < 1 || info_.rank > SPAR_MAX_RANK) refuse("says nothing sensible of its shape");
    for (const std::int64_t extent : shape())
        if (extent < 1 || extent > (std::int64_t{1} << 32))
            refuse("has a dimension without extent");
    if (!tokens() && !(info_.lower < info_.upper)) refuse("has an empty box of values");
}

void Data::read(std::span<const std::int64_t> indices, Batch &batch) const {
    const auto count = static_cast<std::int64_t>(indices.size());
    const auto rows = indices.size();
    const auto width = static_cast<std::size_t>(product(shape()));
    std::vector<std::int64_t> full{count};
    full.insert(full.end(), shape().begin(), shape().end());

    batch.count = count;
    batch.length = tokens() ? info_.shape[0] : 0;
    batch.ids.assign(indices.begin(), indices.end());
    batch.labels.resize(classes() ? rows : 0);
    batch.values.resize(classes() ? 0 : count, info_.outputs);
    const void *x = nullptr;
    const bool encoded = tokenizer_ != nullptr;
    if (encoded) {
        read_encoded(indices, batch);
    } else if (tokens()) {
        batch.tokens.resize(rows * width);
        batch.mask.resize(rows * width);
        x = batch.tokens.data();
    } else {
        batch.x.resize(count, static_cast<std::int64_t>(width));
        x = batch.x.data();
    }
    View x_view(x, tokens() ? View::int64 : View::float32, full);
    View mask_view(batch.mask.data(), View::float32, full);
    dataset_->call("read", [&](spar_error *error) {
        return dataset_->table<spar_dataset_table>().read(
            dataset_->self(), indices.data(), count, encoded ? nullptr : x_view.view(),
            tokens() && !encoded ? mask_view.view() : nullptr,
            classes() ? batch.labels.data() : nullptr, classes() ? nullptr : batch.values.data(),
            error);
    });
    check_ends(*dataset_, "read",
               {{"x", x},
                {"mask", batch.mask.data()},
                {"labels", batch.labels.data()},
                {"values", batch.values.data()}});
    if (const auto fault = fault_of(batch))
        throw Failure(Exit::data,
                      fmt::format("#{}: example {} of dataset \"{}\" {}", dataset_->pointer(),
                                  batch.ids[fault->row], dataset_->type(), fault->what));
}

std::optional<Data::Fault> Data::fault_of(const Batch &batch) const {
    for (std::size_t i = 0; i < batch.labels.size(); ++i)
        if (batch.labels[i] < 0 || batch.labels[i] >= info_.outputs)
            return Fault{i, fmt::format("has the label {}, expected 0 to {}", batch.labels[i],
                                        info_.outputs - 1)};
    const auto width = static_cast<std::size_t>(batch.length);
    for (std::size_t i = 0; i < batch.tokens.size(); ++i)
        if (batch.tokens[i] < 0 || batch.tokens[i] >= info_.vocabulary)
            return Fault{i / width, fmt::format("has the token {}, expected 0 to {}",
                                                batch.tokens[i], info_.vocabulary - 1)};
    const auto lower = static_cast<float>(info_.lower), upper = static_cast<float>(info_.upper);
    const auto outside = [&](float value) {
        return int{!(value >= lower)} | int{!(value <= upper)};
    };
    for (std::int64_t i = 0; i < batch.x.count(); ++i) {
        int found = 0;  // without branches, so that it vectorises
        for (const float value : batch.x[i]) found |= outside(value);
        if (found == 0) continue;
        for (const float value : batch.x[i])
            if (outside(value) != 0)
                return Fault{static_cast<std::size_t>(i),
                             fmt::format("holds the value {}, outside its box [{}, {}]", value,
                                         info_.lower, info_.upper)};
    }
    return std::nullopt;
}

std::vector<std::string> Data::files() const {
    std::vector<std::string> files;
    const auto *table = &dataset_->table<spar_dataset_table>();
    if (table->file == nullptr) return files;
    const auto next = [&] {
        return table->file(dataset_->self(), static_cast<std::int64_t>(files.size()));
    };
    while (const char *file = dataset_->ask("file", next)) files.emplace_back(file);
    return files;
}

std::string Data::class_name(std::int64_t index) const {
    const auto &table = dataset_->table<spar_dataset_table>();
    if (table.class_name == nullptr) return {};
    const char *name =
        dataset_->ask("class_name", [&] { return table.class_name(dataset_->self(), index); });
    return name != nullptr ? name : "";
}

std::string Data::token(std::int64_t index) const {
    if (tokenizer_ != nullptr) return tokenizer_->token(index);
    const auto &table = dataset_->table<spar_dataset_table>();
    constexpr std::size_t needed = offsetof(spar_dataset_table, token) + sizeof table.token;
    if (table.struct_size < needed || table.token == nullptr) return {};
    const char *text = dataset_->ask("token", [&] { return table.token(dataset_->self(), index); });
    return text != nullptr ? text : "";
}

namespace {

/// Rows of `from` after those of `to`, which may be longer or shorter; `fill` fills the shorter
/// ones.
template <class T>
void append(Fenced<T> &to, std::int64_t to_length, const Fenced<T> &from, std::int64_t from_length,
            T fill) {
    if (from.empty()) return;
    std::vector<T> all;
    const std::int64_t length = std::max(to_length, from_length);
    const auto add = [&](const Fenced<T> &rows, std::int64_t own) {
        for (const T *row = rows.begin(); row != rows.end(); row += own) {
            all.insert(all.end(), row, row + own);
            all.insert(all.end(), static_cast<std::size_t>(length - own), fill);
        }
    };
    add(to, to_length);
    add(from, from_length);
    to.assign(all.data(), all.data() + all.size());
}

}  // namespace

void append_unlabelled(Batch &batch, const Batch &more, std::int64_t first_id) {
    const std::int64_t length = std::max(batch.length, more.length);
    append(batch.tokens, batch.length, more.tokens, more.length, batch.padding);
    append(batch.mask, batch.length, more.mask, more.length, 0.0F);
    batch.length = length;
    if (more.x.count() > 0) {
        const std::vector<float> before(batch.x[0].data(),
                                        batch.x[0].data() + batch.count * batch.x.width());
        batch.x.resize(batch.count + more.count, batch.x.width());
        std::copy(before.begin(), before.end(), batch.x.data());
        std::copy_n(more.x.data(), more.count * more.x.width(), batch.x.data() + before.size());
    }
    batch.count += more.count;
    for (const std::int64_t id : more.ids) batch.ids.push_back(first_id + id);
}

void count_tokens(const Data &data, std::vector<std::int64_t> &counts) {
    constexpr std::int64_t block = 1024;
    counts.resize(std::max(counts.size(), static_cast<std::size_t>(data.info().vocabulary)));
    Batch batch;
    for (std::int64_t first = 0; first < data.size(); first += block) {
        data.read(index_range(first, std::min(block, data.size() - first)), batch);
        for (std::size_t i = 0; i < batch.tokens.size(); ++i)
            if (batch.mask[i] != 0) ++counts[static_cast<std::size_t>(batch.tokens[i])];
    }
}

std::vector<std::int64_t> index_range(std::int64_t first, std::int64_t count) {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
    std::iota(indices.begin(), indices.end(), first);
    return indices;
}

void shuffle(std::vector<std::int64_t> &indices, std::uint64_t key) {
    Random random(key, 0);
    for (std::size_t i = indices.size(); i > 1; --i) {
        const auto j = random.below(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i));
        std::swap(indices[i - 1], indices[static_cast<std::size_t>(j)]);
    }
}

}  // namespace spar::host
