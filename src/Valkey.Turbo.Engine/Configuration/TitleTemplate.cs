using System.Globalization;
using System.Text;

namespace Valkey.Turbo.Engine;

/// <summary>The title of the process as <c>proc-title-template</c> describes it: text with <c>{variables}</c>; <c>{{</c> is a brace.</summary>
public static class TitleTemplate
{
    /// <summary>The title, or null where the template is wrong.</summary>
    /// <param name="template">The template.</param>
    /// <param name="executable">How the server was called.</param>
    /// <param name="config">The settings that variables name.</param>
    public static string? Expand(string template, string executable, ServerConfig config)
    {
        StringBuilder title = new();
        for (int at = 0; at < template.Length;)
        {
            int brace = template.IndexOf('{', at);
            if (brace < 0)
            {
                title.Append(template, at, template.Length - at);
                break;
            }
            title.Append(template, at, brace - at);
            if (brace + 1 < template.Length && template[brace + 1] == '{')
            {
                title.Append('{');
                at = brace + 2;
                continue;
            }
            int end = template.IndexOf('}', brace);
            if (end < 0 || ValueOf(template[(brace + 1)..end], executable, config) is not string value)
            {
                return null;
            }
            title.Append(value);
            at = end + 1;
        }
        return title.ToString().Trim(' ');
    }

    private static string? ValueOf(string variable, string executable, ServerConfig config) => variable switch
    {
        "title" => executable,
        "listen-addr" => config.Port.Number == 0
            ? $"unixsocket:{config.UnixSocket.Text}"
            : $"{config.Bind.Text.Split(' ')[0]}:{config.Port.Number}",
        "server-mode" => "",
        "config-file" => config.FilePath ?? "-",
        "port" => config.Port.Number.ToString(CultureInfo.InvariantCulture),
        "tls-port" => config.Find("tls-port")!.Value,
        "unixsocket" => config.UnixSocket.Text,
        _ => null,
    };
}
