#include "app/arguments.hpp"

#include "base/failure.hpp"
#include "base/paragraph.hpp"
#include "base/words.hpp"
#include "instances/processors.hpp"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <charconv>
#include <sstream>

namespace spar::host {
namespace {

namespace po = boost::program_options;

constexpr int most_threads = 1024;
constexpr std::size_t help_width = 80;

struct Option {
    const char *name, *letter, *value, *help;

    /// The option as Boost writes it: "help,h".
    std::string key() const { return std::string(name) + (*letter != '\0' ? "," : "") + letter; }
};

constexpr Option all_options[] = {
    {"plugin-dir", "", "DIR", "look for plugins here first (may be given several times)"},
    {"set", "s", "a.b=VALUE", "change the pipeline; VALUE is JSON, else text (several)"},
    {"out", "o", "DIR", "folder of the run; without, runs/<name>"},
    {"threads", "j", "N", "threads, 1 to 1024; without, one a usable processor"},
    {"resume", "", "", "go on with the run there; =anyway: though data changed"},
    {"data", "", "FILE", "examples: .npz, IDX, CIFAR, a folder, or digits:examples=100"},
    {"norm", "", "NORM", "linf, l2, l1 or l0"},
    {"eps", "", "RADIUS", "how far examples may move, as 8/255"},
    {"attack", "", "NAME:k=v",
     "an attack, and parameters between commas (several); without, auto_attack"},
    {"targeted", "", "", "reach a class drawn at random; =next, =least_likely, =3"},
    {"examples", "", "N", "attack only this many"},
    {"batch", "", "N", "examples attacked together"},
    {"seed", "", "N", "of all random numbers"},
    {"pipeline", "", "P.json", "the pipeline whose model the weights are of"},
    {"input", "", "3,32,32", "shape of one example, where there is no data"},
    {"key", "", "a.b", "entry of a checkpoint that holds the tensors, as state_dict"},
    {"prefix", "", "TEXT", "beginning of the names that is left out, as module."},
    {"json", "", "", "print JSON, for programs"},
    {"quiet", "q", "", "print nothing but warnings and errors"},
    {"verbose", "v", "", "print where plugins are looked for, and what they tell"},
    {"help", "h", "", "print this"},
};

std::vector<Option> options_of(const Command &command) {
    std::vector<Option> chosen;
    std::istringstream names(command.options);
    for (std::string name; names >> name;)
        for (const Option &option : all_options)
            if (name == option.name) chosen.push_back(option);
    return chosen;
}

[[noreturn]] void usage(const Command &command, const std::string &what) {
    throw Failure(Exit::usage, fmt::format("{}: {}\n\"spar help {}\" says how it is called",
                                           command.name, what, command.name));
}

/// A complaint of Boost's parser, in our words.
std::string reworded(const po::error &error, const Command &command) {
    const auto *named = dynamic_cast<const po::error_with_option_name *>(&error);
    std::string name = named != nullptr ? named->get_option_name() : "";
    name = name.substr(std::min(name.find_first_not_of('-'), name.size()));
    const std::string dashes = name.size() == 1 ? "-" : "--";
    if (dynamic_cast<const po::unknown_option *>(&error) != nullptr) {
        std::vector<std::string> known;
        for (const Option &option : options_of(command))
            known.push_back("--" + std::string(option.name));
        const std::string guess = name.size() > 1 ? did_you_mean("--" + name, known) : "";
        return "there is no option " + quote(dashes + name) +
               (guess.empty() ? " (known: " + listed(known) + ")" : "; " + guess);
    }
    if (const auto *syntax = dynamic_cast<const po::invalid_command_line_syntax *>(&error)) {
        if (syntax->kind() == po::invalid_syntax::extra_parameter)
            return "the option --" + name + " takes no value";
        return "the option --" + name + " needs a value";
    }
    if (dynamic_cast<const po::multiple_occurrences *>(&error) != nullptr)
        return "the option --" + name + " is given twice";
    return escaped(error.what(), 200);
}

po::variables_map parse(const Command &command, const std::vector<std::string> &words) {
    po::options_description description;
    for (const Option &option : options_of(command)) {
        const std::string_view name = option.name;
        const bool several = name == "plugin-dir" || name == "set" || name == "attack";
        if (name == "resume" || name == "targeted")  // on its own, or --resume=anyway
            description.add_options()(
                option.name,
                po::value<std::string>()->implicit_value(name == "resume" ? "" : "random"), "");
        else if (*option.value == '\0')
            description.add_options()(option.key().c_str(), "");
        else if (several)
            description.add_options()(option.key().c_str(), po::value<std::vector<std::string>>(),
                                      "");
        else
            description.add_options()(option.key().c_str(), po::value<std::string>(), "");
    }
    description.add_options()("operand", po::value<std::vector<std::string>>(), "");
    po::positional_options_description operands;
    operands.add("operand", -1);
    po::variables_map values;
    using Style = po::command_line_style::style_t;
    po::store(po::command_line_parser(words)
                  .options(description)
                  .positional(operands)
                  .style(Style::unix_style ^ Style::allow_guessing)
                  .run(),
              values);
    return values;
}

int threads_of(const std::string &text, const Command &command) {
    int threads = 0;
    const char *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, threads);
    if (error != std::errc() || stop != end || threads < 1 || threads > most_threads)
        usage(command, "--threads: expected an integer from 1 to 1024; found " + quote(text));
    return threads;
}

Setting setting_of(const std::string &text, const Command &command) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
        usage(command, "--set: expected a path and a value, as in --set train.epochs=3; found " +
                           quote(text));
    return {text.substr(0, equals), text.substr(equals + 1)};
}

std::filesystem::path folder_of(const std::string &text, const Command &command) {
    std::error_code error;
    if (!std::filesystem::is_directory(text, error))
        usage(command, "--plugin-dir: " + quote(text, 200) + " is no folder");
    return text;
}

std::vector<std::string> texts(const po::variables_map &values, const char *name) {
    return values.count(name) != 0 ? values[name].as<std::vector<std::string>>()
                                   : std::vector<std::string>();
}

Arguments collect(const Command &command, const po::variables_map &values) {
    Arguments arguments;
    arguments.command = command.name;
    arguments.operands = texts(values, "operand");
    for (const std::string &text : texts(values, "plugin-dir"))
        arguments.plugin_folders.push_back(folder_of(text, command));
    for (const std::string &text : texts(values, "set"))
        arguments.settings.push_back(setting_of(text, command));
    arguments.threads = values.count("threads") != 0
                            ? threads_of(values["threads"].as<std::string>(), command)
                            : std::min(processors(), most_threads);
    if (values.count("out") != 0) {
        arguments.out = values["out"].as<std::string>();
        if (arguments.out.empty()) usage(command, "--out: expected a folder's name; found \"\"");
    }
    for (const char *once : {"data", "norm", "eps", "targeted", "examples", "batch", "seed",
                             "pipeline", "input", "key", "prefix"})
        if (values.count(once) != 0) {
            arguments.more[once] = {values[once].as<std::string>()};
            if (arguments.value(once).empty())
                usage(command, fmt::format("--{}: expected a value; found \"\"", once));
        }
    if (auto attacks = texts(values, "attack"); !attacks.empty())
        arguments.more["attack"] = std::move(attacks);
    arguments.json = values.count("json") != 0;
    arguments.resume = values.count("resume") != 0;
    if (arguments.resume) {
        const auto how = values["resume"].as<std::string>();
        if (!how.empty() && how != "anyway")
            usage(command, "--resume: expected nothing or \"anyway\"; found " + quote(how));
        arguments.anyway = how == "anyway";
    }
    arguments.quiet = values.count("quiet") != 0;
    arguments.verbose = values.count("verbose") != 0;
    if (arguments.quiet && arguments.verbose)
        usage(command, "--quiet and --verbose cannot both be meant");
    arguments.help = values.count("help") != 0;
    if (arguments.help) return arguments;
    if (arguments.operands.size() < command.fewest)
        usage(command, fmt::format("expected {}", command.operands));
    if (arguments.operands.size() > command.most)
        usage(command, "one word too many: " + quote(arguments.operands[command.most]));
    return arguments;
}

}  // namespace

const Command *find_command(const std::string &name) {
    for (const Command &command : commands)
        if (name == command.name) return &command;
    return nullptr;
}

Arguments read_arguments(const std::vector<std::string> &words) {
    std::vector<std::string> names;
    for (const Command &command : commands) names.emplace_back(command.name);
    if (words.empty())
        throw Failure(Exit::usage,
                      "expected a command: " + listed(names) + "\n\"spar help\" says what they do");
    const Command *command = find_command(words[0]);
    if (command == nullptr) {
        const std::string guess = did_you_mean(words[0], names);
        throw Failure(Exit::usage, "there is no command " + quote(words[0]) +
                                       (guess.empty() ? "" : "; " + guess) +
                                       "\n\"spar help\" lists all");
    }
    try {
        return collect(*command, parse(*command, {words.begin() + 1, words.end()}));
    } catch (const po::error &error) {
        usage(*command, reworded(error, *command));
    }
}

std::string general_help() {
    std::string text =
        "spar: adversarial training and robustness evaluation, composed of plugins\n\n"
        "  spar COMMAND [OPTIONS]\n\n";
    for (const Command &command : commands)
        text += paragraph(fmt::format("  {:<9} ", command.name), 12, command.summary, help_width);
    return text +
           "\n\"spar help COMMAND\" says more about one. Exit codes: 0 done, 1 fault of Spar,\n"
           "2 wrong call, 3 wrong pipeline, 4 plugin failed, 5 demanded accuracy missed,\n"
           "6 wrong data, 7 cannot write (disk, rights), 8 out of memory or threads,\n"
           "9 resumed with other data, weights, plugins, host or processor,\n"
           "75 stopped (--resume goes on).\n";
}

std::string command_help(const Command &command) {
    std::string text = fmt::format("spar {} {}{}[OPTIONS]\n\n", command.name, command.operands,
                                   *command.operands != '\0' ? " " : "") +
                       paragraph("  ", 2, command.summary, help_width) + "\n";
    for (const Option &option : options_of(command))
        text +=
            paragraph(fmt::format("  {:<3} {:<17} ",
                                  *option.letter != '\0' ? fmt::format("-{},", option.letter) : "",
                                  fmt::format("--{} {}", option.name, option.value)),
                      24, option.help, help_width);
    return text;
}

}  // namespace spar::host
